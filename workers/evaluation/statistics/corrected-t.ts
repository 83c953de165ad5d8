/** The corrected resampled t-test, for numbers whose trainings share rows. */
import { CONFIDENCE_LEVEL, type Interval } from '../../../src/domain/report/interval.ts'
import { studentBound, studentTwoSided } from './distributions.ts'
import { moments } from './moments.ts'

/** Spreads below this are those of rounding. */
const ROUNDING = 1e-12

export interface ResampledT {
  readonly mean: number | null
  readonly standardDeviation: number | null
  readonly n: number
  readonly degreesOfFreedom: number
  readonly statistic: number | null
  readonly interval: Interval | null
  readonly p: number | null
}

/**
 * Test of mean 0, and interval of the mean, of one value a fold.
 *
 * Folds train on common rows, so their values are not independent and the plain t-test finds too much. Nadeau and
 * Bengio (2003, Machine Learning 52, section 5) replace the variance of the mean, s²/n, by (1/n + ratio) s², with n − 1
 * degrees of freedom; Bouckaert and Frank (2004, PAKDD) use it with n = folds times repeats. Equal to
 * `scipy.stats.ttest_1samp` but for the factor of the variance.
 *
 * p is 1 where all values are 0. Where all are the same other number, nothing is known of their spread: p and interval
 * are null, as for n < 2.
 *
 * @param values one a fold of each repeat
 * @param ratio  held-out rows / training rows: 1 / (folds − 1) for k-fold
 */
export function correctedT(values: readonly number[], ratio: number): ResampledT {
  const { mean, standardDeviation, n } = moments(values)
  const degreesOfFreedom = Math.max(n - 1, 0)
  const known = { mean, standardDeviation, n, degreesOfFreedom }
  if (mean === null || standardDeviation === null || standardDeviation < ROUNDING) {
    const isNothing = n >= 2 && mean !== null && Math.abs(mean) < ROUNDING
    return { ...known, statistic: null, interval: null, p: isNothing ? 1 : null }
  }
  const error = Math.sqrt(1 / n + ratio) * standardDeviation
  const statistic = mean / error
  const reach = studentBound(CONFIDENCE_LEVEL, degreesOfFreedom) * error
  return {
    ...known,
    statistic,
    interval: { low: mean - reach, high: mean + reach, method: 'corrected-t' },
    p: studentTwoSided(statistic, degreesOfFreedom),
  }
}
