/** Which rows train and which are held out: a pure function of the labels and the split, the same on every platform. */
import { createHash } from 'node:crypto'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import type { Split } from '../../src/domain/evaluation.ts'
import { apportion } from './apportion.ts'

/** Fold of a row that always trains. */
export const NEVER_HELD_OUT = 4294967295

export interface Parts {
  /** Ascending row indices. */
  readonly training: Uint32Array
  /** Ascending row indices. */
  readonly heldOut: Uint32Array
}

/** Fisher and Yates, with a generator of its own for every (seed, stream). */
function shuffle(rows: number[], seed: number, stream: string): number[] {
  const digest = createHash('sha256').update(`split ${seed} ${stream}`).digest()
  const random = xoroshiro128plus(digest.readInt32LE(0))
  for (let last = rows.length - 1; last > 0; last--) {
    const other = uniformInt(random, 0, last)
    const row = rows[last] ?? 0
    rows[last] = rows[other] ?? 0
    rows[other] = row
  }
  return rows
}

/** Shuffled rows of each class in ascending order of the classes; one group of all rows where classes do not matter. */
function shuffledGroups(labels: Int32Array, stratified: boolean, seed: number): number[][] {
  if (!stratified) return [shuffle([...labels.keys()], seed, 'all')]
  const byClass = new Map<number, number[]>()
  for (const [row, label] of labels.entries()) {
    const rows = byClass.get(label)
    if (rows) rows.push(row)
    else byClass.set(label, [row])
  }
  return [...byClass]
    .sort(([a], [b]) => a - b)
    .map(([label, rows]) => shuffle(rows, seed, `class ${label}`))
}

function dealFolds(split: Extract<Split, { kind: 'k-fold' }>, labels: Int32Array): Uint32Array {
  const { folds, stratified, seed } = split
  if (!Number.isInteger(folds) || folds < 2 || folds > labels.length)
    throw new RangeError(`${labels.length} rows cannot be cut into ${folds} folds`)
  const foldOf = new Uint32Array(labels.length)
  // The next class goes on where the last one stopped, so that the folds as a whole are balanced too.
  let dealt = 0
  for (const rows of shuffledGroups(labels, stratified, seed))
    for (const row of rows) foldOf[row] = dealt++ % folds
  return foldOf
}

function holdBack(split: Extract<Split, { kind: 'holdout' }>, labels: Int32Array): Uint32Array {
  const { fraction, stratified, seed } = split
  const rows = labels.length
  if (rows < 2) throw new RangeError(`${rows} rows cannot be cut into two parts`)
  const target = Math.min(Math.max(Math.round(fraction * rows), 1), rows - 1)
  const groups = shuffledGroups(labels, stratified, seed)
  const shares = stratified
    ? apportion(
        groups.map((group) => group.length),
        target,
      )
    : [target]
  const foldOf = new Uint32Array(rows).fill(NEVER_HELD_OUT)
  for (const [index, group] of groups.entries())
    for (const row of group.slice(0, shares[index])) foldOf[row] = 0
  return foldOf
}

/**
 * Fold in which each row is held out, {@link NEVER_HELD_OUT} where it always trains; rows that holdout keeps back are 0.
 *
 * Stratified k-fold shuffles each class by the seed and deals it round robin: class sizes and fold sizes differ by at
 * most one between folds. Stratified holdout shares the held-out rows among the classes by largest remainder.
 *
 * @param labels class of each row
 * @throws RangeError when there are fewer rows than parts
 */
export function foldOfRow(split: Split, labels: Int32Array): Uint32Array {
  switch (split.kind) {
    case 'k-fold':
      return dealFolds(split, labels)
    case 'holdout':
      return holdBack(split, labels)
    case 'none':
      return new Uint32Array(labels.length).fill(NEVER_HELD_OUT)
  }
}

/** The fold whose rows are held out when `fold` is trained; null: nothing is held out. */
function heldOutFold(split: Split, fold: number | null): number | null {
  const refuse = (allowed: string): never => {
    throw new RangeError(`fold ${fold} does not exist: ${allowed}`)
  }
  switch (split.kind) {
    case 'k-fold':
      if (fold === null) return null
      return Number.isInteger(fold) && fold >= 0 && fold < split.folds
        ? fold
        : refuse(`folds are 0 to ${split.folds - 1}`)
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
 * @param fold   null: the final training, on all rows (k-fold, none) or on the training part (holdout)
 * @throws RangeError when the split has no such fold, or there are fewer rows than parts
 */
export function partition(split: Split, labels: Int32Array, fold: number | null): Parts {
  const chosen = heldOutFold(split, fold)
  const training: number[] = []
  const heldOut: number[] = []
  for (const [row, of] of foldOfRow(split, labels).entries())
    (of === chosen ? heldOut : training).push(row)
  return { training: Uint32Array.from(training), heldOut: Uint32Array.from(heldOut) }
}

/** SHA-256 of the fold of every row as little-endian uint32; null where nothing is ever held out. */
export function splitSha256(split: Split, labels: Int32Array): string | null {
  if (split.kind === 'none') return null
  const folds = foldOfRow(split, labels)
  const bytes = Buffer.alloc(folds.length * 4)
  for (const [row, fold] of folds.entries()) bytes.writeUInt32LE(fold, row * 4)
  return createHash('sha256').update(bytes).digest('hex')
}
