/**
 * Quantile of measured values by linear interpolation between the two nearest, as NumPy's default (Hyndman & Fan 1996,
 * type 7).
 * @param values at least one, in any order
 * @param share 0 to 1
 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const position = share * (sorted.length - 1)
  const below = Math.floor(position)
  const low = sorted[below] ?? Number.NaN
  const high = sorted[below + 1] ?? low
  return low + (position - below) * (high - low)
}
