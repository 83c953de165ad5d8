/** Quantiles of sorted numbers. */

/**
 * Linear between neighbours, as `numpy.quantile`.
 *
 * @param sorted ascending, not empty
 * @param share  0 to 1
 */
export function quantile(sorted: Float64Array, share: number): number {
  const position = share * (sorted.length - 1)
  const below = Math.floor(position)
  const low = sorted[below] ?? Number.NaN
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? Number.NaN
  return low + (position - below) * (high - low)
}
