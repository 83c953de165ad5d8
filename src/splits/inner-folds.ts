/** The training rows of one training, cut once more: a teacher for each part that has not seen it (cross-fit). */
import type { Split } from '../domain/evaluation.ts'
import { deriveSeed } from './random.ts'
import { type Parts, partition } from './split.ts'

/** One of the parts. */
export interface InnerFold {
  readonly index: number
  /** How many parts there are. */
  readonly of: number
}

/**
 * Training rows without a part, and the part: stratified and grouped as the split itself is.
 *
 * @param seed     of the job
 * @param fold     null: the final training
 * @param training rows of the fold, ascending
 * @throws RangeError when the rows cannot be cut so
 */
export function innerParts(
  { index, of }: InnerFold,
  split: Split,
  seed: number,
  fold: number | null,
  training: Uint32Array,
  labels: Int32Array,
  groups: Int32Array | null,
): Parts {
  const inner: Split = {
    kind: 'k-fold',
    folds: of,
    stratified: split.kind === 'none' || split.stratified,
    seed: deriveSeed(seed, 'inner folds', fold),
    ...(split.grouped ? { grouped: true } : {}),
  }
  const parts = partition(
    inner,
    Int32Array.from(training, (row) => labels[row] as number),
    index,
    groups && Int32Array.from(training, (row) => groups[row] as number),
  )
  const toRows = (places: Uint32Array): Uint32Array =>
    places.map((place) => training[place] as number)
  return { training: toRows(parts.training), heldOut: toRows(parts.heldOut) }
}
