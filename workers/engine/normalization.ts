/**
 * Standardization of inputs over the last axis: by feature of a vector, by channel of an image. Part of the model: it
 * is fitted on training rows only, applied before the first layer and delivered with the weights.
 */
import type { Normalization } from '../../src/domain/model.ts'
import type { Rows } from './datasets.ts'

/** {@link Normalization} in the form that is computed with. */
export interface FittedNormalization {
  readonly mean: Float32Array
  readonly standardDeviation: Float32Array
}

/**
 * Fits mean and population standard deviation on the given rows, in float64 and two passes; a standard deviation of 0
 * (a constant feature) becomes 1, as in scikit-learn's StandardScaler. Results are rounded to float32.
 */
export function fitNormalization(rows: Rows, chosen: Uint32Array): FittedNormalization {
  const { values, width } = rows
  const channels = rows.shape.at(-1) ?? 1
  const count = (chosen.length * width) / channels
  const sumByChannel = (of: (value: number, channel: number) => number): Float64Array => {
    const sums = new Float64Array(channels)
    for (const row of chosen)
      for (let index = 0; index < width; index++) {
        const channel = index % channels
        const value = values[row * width + index] as number
        sums[channel] = (sums[channel] as number) + of(value, channel)
      }
    return sums
  }
  const mean = sumByChannel((value) => value).map((sum) => sum / count)
  const squares = sumByChannel((value, channel) => (value - (mean[channel] as number)) ** 2)
  return {
    mean: Float32Array.from(mean),
    // Rounded before the comparison: what becomes 0 in float32 must not be divided by either.
    standardDeviation: Float32Array.from(squares, (sum) => Math.sqrt(sum / count)).map((sd) =>
      sd === 0 ? 1 : sd,
    ),
  }
}

/** As plain numbers, each exactly a float32. */
export const toNormalization = (fitted: FittedNormalization): Normalization => ({
  mean: [...fitted.mean],
  standardDeviation: [...fitted.standardDeviation],
})

export const fromNormalization = (normalization: Normalization): FittedNormalization => ({
  mean: Float32Array.from(normalization.mean),
  standardDeviation: Float32Array.from(normalization.standardDeviation),
})
