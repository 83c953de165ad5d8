/** Chosen rows as float32, ready to be uploaded as a batch. */
import type { Rows } from './datasets.ts'
import type { FittedNormalization } from './normalization.ts'

/**
 * Copies rows out as float32, normalized: `[chosen rows, width]`.
 * The arithmetic is float32 at each operation, as it would be on the device.
 * @param result where they go; may be longer
 */
export function gatherFeatures(
  rows: Rows,
  chosen: Uint32Array,
  normalization: FittedNormalization | null,
  result: Float32Array = new Float32Array(chosen.length * rows.width),
): Float32Array {
  const { values, width } = rows
  let target = 0
  for (const row of chosen) {
    const start = row * width
    const end = start + width
    if (!normalization) {
      result.set(values.subarray(start, end), target)
      target += width
      continue
    }
    const { mean, standardDeviation } = normalization
    const channels = mean.length
    let channel = 0
    for (let index = start; index < end; index++) {
      const centred = Math.fround((values[index] as number) - (mean[channel] as number))
      result[target++] = centred / (standardDeviation[channel] as number)
      if (++channel === channels) channel = 0
    }
  }
  return result
}

/** Copies rows of a float32 matrix out: `[chosen rows, columns]`. */
export function gatherRows(
  matrix: Float32Array,
  columns: number,
  chosen: Uint32Array,
): Float32Array {
  const result = new Float32Array(chosen.length * columns)
  for (const [index, row] of chosen.entries())
    result.set(matrix.subarray(row * columns, (row + 1) * columns), index * columns)
  return result
}
