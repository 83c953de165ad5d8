/** How many training rows an inner validation part takes, as far as that is known before the rows are. Pure. */
import type { Dataset } from './dataset.ts'
import type { Split } from './evaluation.ts'
import { fewestTrainingRows } from './resolve-evaluation.ts'
import { type TrainingSpec, validationFractionOf } from './training.ts'

export interface InnerValidation {
  /** The fewest rows that are left to train on in any training of the job. */
  readonly trainedRows: number
  /** Whether no row can be set aside although some should: no class has two labelled training rows, or there is but one group. */
  readonly isEmpty: boolean
}

/** @param labelledFraction share of the training rows whose label may be used */
export function innerValidation(
  spec: TrainingSpec | undefined,
  dataset: Pick<Dataset, 'rows' | 'classCounts' | 'groups'>,
  split: Split,
  labelledFraction: number,
): InnerValidation {
  // Where classes are omitted their share of a fold is not known exactly, and a fold may be left with none.
  const rows = Math.max(1, fewestTrainingRows(split, dataset.rows))
  const fraction = validationFractionOf(spec)
  if (fraction === null) return { trainedRows: rows, isEmpty: false }
  const labelled = dataset.classCounts
    .map((count) => fewestTrainingRows(split, count))
    .filter((count) => count > 0)
    .map((count) => Math.max(1, Math.round(labelledFraction * count)))
  const divisible = labelled.filter((count) => count >= 2).length
  const total = labelled.reduce((sum, count) => sum + count, 0)
  const setAside = Math.max(Math.round(fraction * total), divisible, 1)
  const isUndivided =
    split.grouped === true && fewestTrainingRows(split, dataset.groups?.count ?? 0) < 2
  return {
    trainedRows: Math.max(1, rows - setAside),
    isEmpty: isUndivided || (divisible === 0 && !split.grouped),
  }
}
