/** The distributions that tests need; numbers of @stdlib, which agree with SciPy's to 1e-12. */
import binomialCdf from '@stdlib/stats-base-dists-binomial-cdf'
import studentCdf from '@stdlib/stats-base-dists-t-cdf'
import studentQuantile from '@stdlib/stats-base-dists-t-quantile'

/** P(|T| ≥ |t|) of Student's t, as `2 * scipy.stats.t.sf(abs(t), df)`. */
export const studentTwoSided = (t: number, degreesOfFreedom: number): number =>
  Math.min(1, 2 * studentCdf(-Math.abs(t), degreesOfFreedom))

/** The t that |T| stays below with the given probability, as `scipy.stats.t.ppf((1 + level) / 2, df)`. */
export const studentBound = (level: number, degreesOfFreedom: number): number =>
  studentQuantile((1 + level) / 2, degreesOfFreedom)

/** Exact two-sided p of `successes` in `trials` fair coin flips, as `scipy.stats.binomtest(k, n).pvalue`; 1 without any. */
export const fairCoinTwoSided = (successes: number, trials: number): number =>
  trials === 0
    ? 1
    : Math.min(1, 2 * binomialCdf(Math.min(successes, trials - successes), trials, 0.5))
