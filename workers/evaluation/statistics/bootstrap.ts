/** The paired bootstrap: how numbers of the same rows vary when other rows had been drawn. */
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { CONFIDENCE_LEVEL, type Interval } from '../../../src/domain/report/interval.ts'
import { quantile } from './quantile.ts'

/** Enough for percentiles of 2.5 and 97.5: 25 resamples lie beyond each. */
export const RESAMPLES = 1000

const UINT32 = 2 ** 32

/** What is drawn as a whole: `of[prediction]`, from 0 to `count` − 1. */
export interface Units {
  readonly of: Uint32Array
  readonly count: number
}

/** Numbers in order of first appearance. */
export function unitsOf(keys: ArrayLike<number>): Units {
  const numbers = new Map<number, number>()
  const of = Uint32Array.from(keys, (key) => {
    const known = numbers.get(key) ?? numbers.size
    numbers.set(key, known)
    return known
  })
  return { of, count: numbers.size }
}

/**
 * Calls `each` with how often every prediction is in one resample: `count` units drawn with replacement (Efron 1979),
 * each with all its predictions. All arms get the same weights, which is what pairs them. The array is used again.
 *
 * @param seed 32 bits; the same seed draws the same
 */
export function resample(
  { of, count }: Units,
  resamples: number,
  seed: number,
  each: (weights: Uint32Array, index: number) => void,
): void {
  const random = xoroshiro128plus(seed)
  const drawn = new Uint32Array(count)
  const weights = new Uint32Array(of.length)
  for (let index = 0; index < resamples; index++) {
    drawn.fill(0)
    for (let draw = 0; draw < count; draw++) {
      // Off from uniform by less than count / 2^32.
      const unit = Math.floor(((random.next() >>> 0) * count) / UINT32)
      drawn[unit] = (drawn[unit] as number) + 1
    }
    for (let prediction = 0; prediction < of.length; prediction++)
      weights[prediction] = drawn[of[prediction] as number] as number
    each(weights, index)
  }
}

/**
 * Percentile interval of the values of all resamples, as `scipy.stats.bootstrap(…, method='percentile')`; null where a
 * resample had no value.
 */
export function percentileInterval(values: readonly (number | null)[]): Interval | null {
  const sorted = new Float64Array(values.length)
  for (const [index, value] of values.entries()) {
    if (value === null) return null
    sorted[index] = value
  }
  if (sorted.length === 0) return null
  sorted.sort()
  const tail = (1 - CONFIDENCE_LEVEL) / 2
  return { low: quantile(sorted, tail), high: quantile(sorted, 1 - tail), method: 'bootstrap' }
}
