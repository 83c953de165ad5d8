/** Mean and spread of a few numbers. */
import type { Summary } from '../../src/domain/report.ts'

type Value = number | null

/** Mean and sample standard deviation (n − 1) of the values that are there. */
export function summarize(values: readonly Value[]): Summary {
  const known = values.filter((value) => value !== null)
  const n = known.length
  const sum = (terms: readonly number[]): number => terms.reduce((total, term) => total + term, 0)
  if (n === 0) return { mean: null, standardDeviation: null, n }
  const mean = sum(known) / n
  const squares = sum(known.map((value) => (value - mean) ** 2))
  return { mean, standardDeviation: n < 2 ? null : Math.sqrt(squares / (n - 1)), n }
}

/**
 * `a − b` pair by pair; null where one of the two is not there.
 *
 * @throws RangeError when there are not as many of both
 */
export function pairedDifferences(a: readonly Value[], b: readonly Value[]): Value[] {
  if (a.length !== b.length)
    throw new RangeError(`${a.length} and ${b.length} values are not pairs`)
  return a.map((value, index) => {
    const other = b[index] ?? null
    return value === null || other === null ? null : value - other
  })
}
