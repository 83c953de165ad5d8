/** What the folds say of one metric, of an arm or of the difference of two. */
import type { Summary } from '../../../src/domain/report/interval.ts'
import type { MetricName, Metrics } from '../../../src/domain/report/metrics.ts'
import { correctedT, type ResampledT } from '../statistics/corrected-t.ts'

/** Held-out rows / training rows over all folds: 1 / (folds − 1) for k-fold. */
export function heldOutRatio(
  parts: readonly { readonly rows: Uint32Array; readonly trainingRows: number }[],
): number {
  const heldOut = parts.reduce((sum, part) => sum + part.rows.length, 0)
  const training = parts.reduce((sum, part) => sum + part.trainingRows, 0)
  return heldOut / training
}

export const summaryOf = (folds: readonly Metrics[], name: MetricName, ratio: number): Summary => {
  const values = folds.flatMap((metrics) => metrics[name] ?? [])
  const { mean, standardDeviation, n, interval } = correctedT(values, ratio)
  return { mean, standardDeviation, n, interval }
}

/**
 * Of first minus second, fold by fold; folds where one has no value are left out.
 *
 * @throws RangeError when there are not as many of both
 */
export function differenceOf(
  first: readonly Metrics[],
  second: readonly Metrics[],
  name: MetricName,
  ratio: number,
): ResampledT {
  if (first.length !== second.length)
    throw new RangeError(`${first.length} and ${second.length} folds are not pairs`)
  const differences = first.flatMap((metrics, fold) => {
    const [one, other] = [metrics[name], second[fold]?.[name] ?? null]
    return one === null || other === null ? [] : [one - other]
  })
  return correctedT(differences, ratio)
}

export const differenceSummary = (...of: Parameters<typeof differenceOf>): Summary => {
  const { mean, standardDeviation, n, interval } = differenceOf(...of)
  return { mean, standardDeviation, n, interval }
}
