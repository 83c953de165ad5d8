/** Which rows one training of a job uses and for what: the same in a trainer as for whoever asks. */
import type { Split } from '../domain/evaluation.ts'
import { type InnerFold, innerParts } from './inner-folds.ts'
import { innerSplit } from './inner-split.ts'
import { usableLabels } from './labelled-rows.ts'
import { deriveSeed } from './random.ts'
import { type Parts, partition } from './split.ts'
import { transferSet } from './transfer-set.ts'

export interface TrainingPart {
  readonly split: Split
  /** Null: the final training. */
  readonly fold: number | null
  /** Of `validationRoleOf`: networks of one role set the same rows aside. */
  readonly role: string
  /** Of a teacher of cross-fit: the part of the training rows that it answers and is not trained on. */
  readonly innerFold?: InnerFold
  /** Of the job. */
  readonly seed: number
  /** Null: no row is set aside. */
  readonly validationFraction: number | null
  /** Indices of classes whose rows the student is not to see; absent: it sees all. */
  readonly omittedClasses?: readonly number[]
  /** Share of the training rows whose label may be used. */
  readonly labelledFraction: number
}

export interface RowsOfTraining extends Parts {
  /** Of the training rows of the fold, set aside to be measured after each epoch; empty where none are. */
  readonly validation: Uint32Array
  /** Of the training rows of the fold, neither trained on nor measured: others of their group are set aside. */
  readonly unused: Uint32Array
  /** Training rows of the fold whose class is left out of the transfer set. */
  readonly omitted: Uint32Array
}

/**
 * @param labels class of each row
 * @param groups group of each row; null where the split is not grouped
 * @throws RangeError when the rows cannot be cut so
 */
export function rowsOfTraining(
  part: TrainingPart,
  labels: Int32Array,
  groups: Int32Array | null,
): RowsOfTraining {
  const { split, fold, role, innerFold, seed, validationFraction, labelledFraction } = part
  const outer = partition(split, labels, fold, groups)
  const whole = innerFold
    ? innerParts(innerFold, split, seed, fold, outer.training, labels, groups)
    : outer
  const { training, omitted } = transferSet(whole.training, labels, part.omittedClasses ?? [])
  const parts = { heldOut: whole.heldOut, training }
  if (validationFraction === null)
    return { ...parts, omitted, validation: new Uint32Array(), unused: new Uint32Array() }
  const usable = usableLabels(labels, parts.training, labelledFraction, seed, fold)
  const seedOfPart = deriveSeed(seed, 'validation rows', role, fold)
  return {
    heldOut: parts.heldOut,
    omitted,
    ...innerSplit(usable, parts.training, validationFraction, seedOfPart, groups),
  }
}
