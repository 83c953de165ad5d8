/** Which part of a split each group of rows goes to, so that no group is divided and every part gets its share. */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { type RandomStream, shuffle } from './random.ts'

/** More groups than this are balanced by moves alone: with so many, some fit wherever rows are missing. */
const MOST_SWAPPED_GROUPS = 128
const MOST_PASSES = 20
/** Groups that are looked at in all passes together. */
const MOST_LOOKS = 2_000_000
/** A change that gains less is rounding. */
const ROUNDING = 1e-12

/** Of one group: shares of what is to be balanced, which is all rows and, where classes matter, each class. */
interface Portion {
  /** Index of what is shared out. */
  readonly of: Int32Array
  /** 0 to 1: 1 where all of it is in this group. */
  readonly share: Float64Array
}

/** Numbers the groups in the order in which they come up, from 0. */
function numbered(groups: Int32Array): Int32Array {
  const ids = new Map<number, number>()
  return groups.map((group) => {
    const id = ids.get(group) ?? ids.size
    ids.set(group, id)
    return id
  })
}

function portionsOf(groups: Int32Array, labels: Int32Array | null): Portion[] {
  const counts: Map<number, number>[] = []
  const totals = new Map<number, number>()
  const count = (counted: Map<number, number>, of: number): void => {
    counted.set(of, (counted.get(of) ?? 0) + 1)
  }
  for (const [row, group] of groups.entries()) {
    counts[group] ??= new Map()
    // 0 is all rows; then the classes.
    for (const of of labels ? [0, 1 + (labels[row] as number)] : [0]) {
      count(counts[group], of)
      count(totals, of)
    }
  }
  return counts.map((counted) => ({
    of: Int32Array.from(counted.keys()),
    share: Float64Array.from(counted, ([of, rows]) => rows / (totals.get(of) ?? 1)),
  }))
}

/** Parts that groups are put into: how far each is above (or below) what it should have of everything. */
class Parts {
  readonly #portions: readonly Portion[]
  readonly #excess: Float64Array[]
  /** Groups of each part. */
  readonly members: number[]
  /** Of each group; −1 for one that is in none. */
  readonly partOf: Int32Array

  constructor(portions: readonly Portion[], shares: readonly number[]) {
    this.#portions = portions
    const width = 1 + portions.reduce((most, { of }) => Math.max(most, ...of), 0)
    this.#excess = shares.map((share) => new Float64Array(width).fill(-share))
    this.members = shares.map(() => 0)
    this.partOf = new Int32Array(portions.length).fill(-1)
  }

  /** By how much the sum of squared excesses would grow if the group were added. */
  #costOf({ of, share }: Portion, part: number): number {
    const excess = this.#excess[part] as Float64Array
    let cost = 0
    for (let at = 0; at < of.length; at++) {
      const added = share[at] as number
      cost += added * (2 * (excess[of[at] as number] as number) + added)
    }
    return cost
  }

  #add({ of, share }: Portion, part: number, sign: 1 | -1): void {
    const excess = this.#excess[part] as Float64Array
    for (let at = 0; at < of.length; at++) {
      const what = of[at] as number
      excess[what] = (excess[what] as number) + sign * (share[at] as number)
    }
    this.members[part] = (this.members[part] as number) + sign
  }

  put(group: number, part: number | null): void {
    const portion = this.#portions[group] as Portion
    const before = this.partOf[group] as number
    if (before >= 0) this.#add(portion, before, -1)
    if (part !== null) this.#add(portion, part, 1)
    this.partOf[group] = part ?? -1
  }

  /** The part that a group in none fits best, and what it costs there; of equals the first. */
  best(group: number): { part: number; cost: number } {
    const portion = this.#portions[group] as Portion
    const best = { part: 0, cost: Number.POSITIVE_INFINITY }
    for (let part = 0; part < this.members.length; part++) {
      const cost = this.#costOf(portion, part)
      if (cost >= best.cost - ROUNDING) continue
      best.part = part
      best.cost = cost
    }
    return best
  }

  countEmpty = (): number => this.members.filter((count) => count === 0).length

  cost = (group: number, part: number): number =>
    this.#costOf(this.#portions[group] as Portion, part)

  /** Puts a group where it fits better than where it is; never the last one of a part. */
  improve(group: number): boolean {
    const from = this.partOf[group] as number
    if (this.members[from] === 1) return false
    this.put(group, null)
    const stays = this.cost(group, from)
    const { part, cost } = this.best(group)
    const isBetter = cost < stays - ROUNDING
    this.put(group, isBetter ? part : from)
    return isBetter
  }

  /** Exchanges two groups of different parts where that is better. */
  exchange(one: number, other: number): boolean {
    const [here, there] = [this.partOf[one] as number, this.partOf[other] as number]
    if (here === there) return false
    this.put(one, null)
    this.put(other, null)
    const costOf = (first: number, second: number): number => {
      const alone = this.cost(one, first)
      this.put(one, first)
      const both = alone + this.cost(other, second)
      this.put(one, null)
      return both
    }
    const isBetter = costOf(there, here) < costOf(here, there) - ROUNDING
    this.put(one, isBetter ? there : here)
    this.put(other, isBetter ? here : there)
    return isBetter
  }
}

function improveAll(parts: Parts, order: readonly number[]): void {
  const passes = Math.min(MOST_PASSES, Math.max(1, Math.floor(MOST_LOOKS / order.length)))
  for (let pass = 0; pass < passes; pass++) {
    let changed = false
    for (const group of order) changed = parts.improve(group) || changed
    if (order.length <= MOST_SWAPPED_GROUPS)
      for (const [index, one] of order.entries())
        for (const other of order.slice(index + 1)) changed = parts.exchange(one, other) || changed
    if (!changed) return
  }
}

/**
 * Puts each group into a part: large ones first, each where the squared distance from the wanted shares, of all rows and
 * of every class, grows least; then groups are moved and exchanged as long as that brings the parts closer to their
 * shares. No part stays empty. Chance decides between groups of like size, so another stream gives another split.
 *
 * @param groups group of each row; any numbers
 * @param labels class of each row; null where only the number of rows matters
 * @param shares of the rows that each part should get; they sum to 1
 * @returns part of each row
 * @throws RangeError when there are fewer groups than parts
 */
export function assignGroups(
  groups: Int32Array,
  labels: Int32Array | null,
  shares: readonly number[],
  random: RandomStream,
): Int32Array {
  const groupOfRow = numbered(groups)
  const portions = portionsOf(groupOfRow, labels)
  if (portions.length < shares.length)
    throw new RangeError(
      `${portions.length} groups cannot be put into ${shares.length} parts without dividing one`,
    )
  const order = [...portions.keys()]
  shuffle(order, random)
  const sizes = portions.map(
    ({ share }) =>
      share.reduce((sum, part) => sum + part * part, 0) * (0.5 + uniformFloat64(random)),
  )
  order.sort((a, b) => (sizes[b] as number) - (sizes[a] as number))
  const parts = new Parts(portions, shares)
  for (const [index, group] of order.entries()) {
    const empty = parts.members.indexOf(0)
    const isLastChance = empty >= 0 && parts.countEmpty() >= order.length - index
    parts.put(group, isLastChance ? empty : parts.best(group).part)
  }
  improveAll(parts, order)
  return groupOfRow.map((group) => parts.partOf[group] as number)
}
