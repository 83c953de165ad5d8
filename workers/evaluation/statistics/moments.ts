/** Mean and spread of a few numbers. */

export interface Moments {
  readonly mean: number | null
  /** Of the sample (n − 1); null for n < 2. */
  readonly standardDeviation: number | null
  readonly n: number
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** As `numpy.mean` and `numpy.std(ddof=1)`. */
export function moments(values: readonly number[]): Moments {
  const n = values.length
  if (n === 0) return { mean: null, standardDeviation: null, n }
  const mean = sum(values) / n
  const squares = sum(values.map((value) => (value - mean) ** 2))
  return { mean, standardDeviation: n < 2 ? null : Math.sqrt(squares / (n - 1)), n }
}
