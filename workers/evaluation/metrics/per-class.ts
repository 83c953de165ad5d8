/** Precision, recall and F1. */
import type { ClassMetrics } from '../../../src/domain/report/pooled.ts'
import type { Tally } from './tally.ts'

/** `[classes]` each, 0 to 1. */
export interface ClassRates {
  readonly precision: Float64Array
  readonly recall: Float64Array
  readonly f1: Float64Array
}

/** A share of nothing is 0, as scikit-learn's `zero_division=0`. */
const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole)

/**
 * Of each class: precision = TP / predicted, recall = TP / support, F1 = 2 TP / (predicted + support); 0 where there is
 * nothing to divide by. As `sklearn.metrics.precision_recall_fscore_support(labels=range(classes), zero_division=0)`.
 */
export function classRates({ perClass }: Tally): ClassRates {
  const { right, support, predicted } = perClass
  const classes = right.length
  const precision = new Float64Array(classes)
  const recall = new Float64Array(classes)
  const f1 = new Float64Array(classes)
  for (let index = 0; index < classes; index++) {
    const hits = right[index] as number
    const rows = support[index] as number
    const called = predicted[index] as number
    precision[index] = share(hits, called)
    recall[index] = share(hits, rows)
    f1[index] = share(2 * hits, called + rows)
  }
  return { precision, recall, f1 }
}

export function classMetrics(sums: Tally): ClassMetrics[] {
  const { support, predicted } = sums.perClass
  const { precision, recall, f1 } = classRates(sums)
  return Array.from(support, (rows, index) => ({
    class: index,
    support: rows,
    predicted: predicted[index] as number,
    precision: precision[index] as number,
    recall: recall[index] as number,
    f1: f1[index] as number,
  }))
}

/**
 * Mean of the F1 of all classes, and the same weighted by support, as scikit-learn's
 * `f1_score(average='macro' or 'weighted', labels=range(classes), zero_division=0)`.
 */
export function meanF1(sums: Tally): { macroF1: number; weightedF1: number } {
  const { right, support, predicted } = sums.perClass
  let equally = 0
  let bySupport = 0
  for (let index = 0; index < right.length; index++) {
    const rows = support[index] as number
    const f1 = share(2 * (right[index] as number), (predicted[index] as number) + rows)
    equally += f1
    bySupport += f1 * rows
  }
  return { macroF1: equally / right.length, weightedF1: bySupport / sums.rows }
}
