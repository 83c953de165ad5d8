/** How sure a network is. */

/**
 * Largest of softmax(logits / temperature) of each row, 1 / classes to 1, as
 * `scipy.special.softmax(logits / temperature, axis=1).max(axis=1)`: 1 / Σ exp(logit − largest). Not by way of logarithms,
 * since 1/3 must be 1/3 to fall into the bin that ends there.
 *
 * @param logits `[rows, classes]`, finite
 * @param temperature above 0
 */
export function confidenceOfRows(
  logits: Float32Array,
  classes: number,
  temperature = 1,
): Float64Array {
  const result = new Float64Array(logits.length / classes)
  for (let row = 0; row < result.length; row++) {
    const end = (row + 1) * classes
    let largest = Number.NEGATIVE_INFINITY
    for (let at = row * classes; at < end; at++) largest = Math.max(largest, logits[at] as number)
    let total = 0
    for (let at = row * classes; at < end; at++)
      total += Math.exp(((logits[at] as number) - largest) / temperature)
    result[row] = 1 / total
  }
  return result
}
