/** Wilson's score interval of a share. */
import type { Interval } from '../../../src/domain/report/interval.ts'

/** 97.5 % quantile of the standard normal distribution, for 95 % in the middle. */
const Z = 1.959963984540054

/**
 * 95 % interval of the probability behind `successes` of `trials` independent rows (Wilson 1927), as
 * `scipy.stats.binomtest(k, n).proportion_ci(method='wilson')`. Stays in 0 to 1, also for none and all.
 *
 * @throws RangeError without trials
 */
export function wilson(successes: number, trials: number): Interval {
  if (trials <= 0) throw new RangeError('a share of no rows has no interval')
  const share = successes / trials
  const scale = 1 + Z ** 2 / trials
  const center = (share + Z ** 2 / (2 * trials)) / scale
  const reach = (Z / scale) * Math.sqrt((share * (1 - share)) / trials + Z ** 2 / (4 * trials ** 2))
  return {
    low: successes === 0 ? 0 : center - reach,
    high: successes === trials ? 1 : center + reach,
    method: 'wilson',
  }
}
