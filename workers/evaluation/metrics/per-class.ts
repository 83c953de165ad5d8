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
  return {
    precision: right.map((hits, index) => share(hits, predicted[index] as number)),
    recall: right.map((hits, index) => share(hits, support[index] as number)),
    f1: right.map((hits, index) =>
      share(2 * hits, (predicted[index] as number) + (support[index] as number)),
    ),
  }
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
  const { f1 } = classRates(sums)
  const { support } = sums.perClass
  return {
    macroF1: f1.reduce((sum, value) => sum + value, 0) / f1.length,
    weightedF1:
      f1.reduce((sum, value, index) => sum + value * (support[index] as number), 0) / sums.rows,
  }
}
