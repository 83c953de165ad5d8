/** Which rows train and which are held out: a pure function of labels, groups and the split, the same on every platform. */
import { createHash } from 'node:crypto'
import { foldsOf, repeatOf, repeatsOf, type Split } from '../domain/evaluation.ts'
import { apportion } from './apportion.ts'
import { assignGroups } from './assign-groups.ts'
import { deriveSeed, randomStream, shuffle } from './random.ts'

/** Fold of a row that always trains. */
export const NEVER_HELD_OUT = 4294967295

export interface Parts {
  /** Ascending row indices. */
  readonly training: Uint32Array
  /** Ascending row indices. */
  readonly heldOut: Uint32Array
}

/** With a generator of its own for every (seed, stream). */
function shuffled(rows: number[], seed: number, stream: string): number[] {
  const digest = createHash('sha256').update(`split ${seed} ${stream}`).digest()
  shuffle(rows, randomStream(digest.readInt32LE(0)))
  return rows
}

/** Shuffled rows of each class in ascending order of the classes; all rows together where classes do not matter. */
function shuffledClasses(labels: Int32Array, stratified: boolean, seed: number): number[][] {
  if (!stratified) return [shuffled([...labels.keys()], seed, 'all')]
  const byClass = new Map<number, number[]>()
  for (const [row, label] of labels.entries()) {
    const rows = byClass.get(label)
    if (rows) rows.push(row)
    else byClass.set(label, [row])
  }
  return [...byClass]
    .sort(([a], [b]) => a - b)
    .map(([label, rows]) => shuffled(rows, seed, `class ${label}`))
}

const seedOf = (seed: number, repeat: number): number =>
  repeat === 0 ? seed : deriveSeed(seed, 'repeat', repeat)

interface CutByGroup {
  readonly groups: Int32Array
  readonly key: string
  readonly partOfRow: Int32Array
}
/** The last one of these labels: fold after fold asks for the same, and balancing groups takes a while. */
const lastCut = new WeakMap<Int32Array, CutByGroup>()

/** Parts of whole groups; chance has a stream of its own. */
function cutByGroup(
  stratified: boolean,
  labels: Int32Array,
  groups: Int32Array,
  shares: readonly number[],
  seed: number,
): Int32Array {
  const key = JSON.stringify([stratified, shares, seed])
  const last = lastCut.get(labels)
  if (last?.key === key && last.groups === groups) return last.partOfRow
  const random = randomStream(deriveSeed(seed, 'groups'))
  const partOfRow = assignGroups(groups, stratified ? labels : null, shares, random)
  lastCut.set(labels, { groups, key, partOfRow })
  return partOfRow
}

function dealFolds(
  split: Extract<Split, { kind: 'k-fold' }>,
  labels: Int32Array,
  groups: Int32Array | null,
  repeat: number,
): Uint32Array {
  const { folds, stratified } = split
  const seed = seedOf(split.seed, repeat)
  if (!Number.isInteger(folds) || folds < 2 || folds > labels.length)
    throw new RangeError(`${labels.length} rows cannot be cut into ${folds} folds`)
  if (groups)
    return Uint32Array.from(
      cutByGroup(stratified, labels, groups, Array(folds).fill(1 / folds) as number[], seed),
    )
  const foldOf = new Uint32Array(labels.length)
  // The next class goes on where the last one stopped, so that the folds as a whole are balanced too.
  let dealt = 0
  for (const rows of shuffledClasses(labels, stratified, seed))
    for (const row of rows) foldOf[row] = dealt++ % folds
  return foldOf
}

function holdBack(
  split: Extract<Split, { kind: 'holdout' }>,
  labels: Int32Array,
  groups: Int32Array | null,
): Uint32Array {
  const { fraction, stratified, seed } = split
  const rows = labels.length
  if (rows < 2) throw new RangeError(`${rows} rows cannot be cut into two parts`)
  if (groups)
    return Uint32Array.from(
      cutByGroup(stratified, labels, groups, [fraction, 1 - fraction], seed),
      (part) => (part === 0 ? 0 : NEVER_HELD_OUT),
    )
  const target = Math.min(Math.max(Math.round(fraction * rows), 1), rows - 1)
  const classes = shuffledClasses(labels, stratified, seed)
  const shares = stratified
    ? apportion(
        classes.map((members) => members.length),
        target,
      )
    : [target]
  const foldOf = new Uint32Array(rows).fill(NEVER_HELD_OUT)
  for (const [index, members] of classes.entries())
    for (const row of members.slice(0, shares[index])) foldOf[row] = 0
  return foldOf
}

/**
 * Fold in which each row is held out, {@link NEVER_HELD_OUT} where it always trains; rows that holdout keeps back are 0.
 * Folds of a later repeat are counted on: with 5 folds those of the second are 5 to 9.
 *
 * Stratified k-fold shuffles each class by the seed and deals it round robin: class sizes and fold sizes differ by at
 * most one between folds. Stratified holdout shares the held-out rows among the classes by largest remainder. A grouped
 * split puts whole groups into the parts, as close to that as they allow; see {@link assignGroups}.
 *
 * @param labels class of each row
 * @param groups group of each row; needed where the split is grouped, and of no meaning elsewhere
 * @param repeat of k-fold, from 0
 * @throws RangeError when there are fewer rows or groups than parts, or a grouped split comes without groups
 */
export function foldOfRow(
  split: Split,
  labels: Int32Array,
  groups: Int32Array | null = null,
  repeat = 0,
): Uint32Array {
  const used = groupsFor(split, labels, groups)
  switch (split.kind) {
    case 'k-fold': {
      const foldOf = dealFolds(split, labels, used, repeat)
      return repeat === 0 ? foldOf : foldOf.map((fold) => fold + repeat * split.folds)
    }
    case 'holdout':
      return holdBack(split, labels, used)
    case 'none':
      return new Uint32Array(labels.length).fill(NEVER_HELD_OUT)
  }
}

/** The groups that a split must not divide; null where it may divide any. */
function groupsFor(split: Split, labels: Int32Array, groups: Int32Array | null): Int32Array | null {
  if (!split.grouped) return null
  if (groups?.length !== labels.length)
    throw new RangeError(`a grouped split of ${labels.length} rows needs the group of each`)
  return groups
}

const foldsInAll = (split: Split): number => foldsOf(split) * repeatsOf(split)

/** The fold whose rows are held out when `fold` is trained; null: nothing is held out. */
function heldOutFold(split: Split, fold: number | null): number | null {
  const refuse = (allowed: string): never => {
    throw new RangeError(`fold ${fold} does not exist: ${allowed}`)
  }
  switch (split.kind) {
    case 'k-fold':
      if (fold === null) return null
      return Number.isInteger(fold) && fold >= 0 && fold < foldsInAll(split)
        ? fold
        : refuse(`folds are 0 to ${foldsInAll(split) - 1}`)
    case 'holdout':
      return fold === null || fold === 0 ? 0 : refuse('holdout has one part, 0')
    case 'none':
      return fold === null ? null : refuse('nothing is held out')
  }
}

/**
 * Rows that train and rows that are held out.
 *
 * @param labels class of each row
 * @param fold   counted through all repeats; null: the final training, on all rows (k-fold, none) or on the training part
 *               (holdout)
 * @param groups group of each row; needed where the split is grouped
 * @throws RangeError when the split has no such fold, or what {@link foldOfRow} throws
 */
export function partition(
  split: Split,
  labels: Int32Array,
  fold: number | null,
  groups: Int32Array | null = null,
): Parts {
  const chosen = heldOutFold(split, fold)
  const repeat = fold === null ? 0 : repeatOf(split, fold)
  const training: number[] = []
  const heldOut: number[] = []
  for (const [row, of] of foldOfRow(split, labels, groups, repeat).entries())
    (of === chosen ? heldOut : training).push(row)
  return { training: Uint32Array.from(training), heldOut: Uint32Array.from(heldOut) }
}

/**
 * SHA-256 of the fold of every row as little-endian uint32, one repeat after the other; null where nothing is ever held
 * out.
 */
export function splitSha256(
  split: Split,
  labels: Int32Array,
  groups: Int32Array | null = null,
): string | null {
  if (split.kind === 'none') return null
  const hash = createHash('sha256')
  for (let repeat = 0; repeat < Math.max(repeatsOf(split), 1); repeat++) {
    const folds = foldOfRow(split, labels, groups, repeat)
    const bytes = Buffer.alloc(folds.length * 4)
    for (const [row, fold] of folds.entries()) bytes.writeUInt32LE(fold, row * 4)
    hash.update(bytes)
  }
  return hash.digest('hex')
}
