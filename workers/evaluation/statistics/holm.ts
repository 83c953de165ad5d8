/** Several p-values at once. */

/**
 * P-values adjusted after Holm (1979), in the same order: the k-th smallest of m times m − k + 1, never below a smaller
 * one's, at most 1. A test that is null stays null and is not counted.
 */
export function holm(values: readonly (number | null)[]): (number | null)[] {
  const ascending = values
    .flatMap((p, index) => (p === null ? [] : [{ p, index }]))
    .toSorted((one, other) => one.p - other.p)
  const adjusted: (number | null)[] = values.map(() => null)
  let largest = 0
  for (const [rank, { p, index }] of ascending.entries()) {
    largest = Math.max(largest, Math.min(1, (ascending.length - rank) * p))
    adjusted[index] = largest
  }
  return adjusted
}
