/** From logits to probabilities, in float64 and in log space. */

/**
 * log softmax(logits / temperature), `[rows, classes]`, as `scipy.special.log_softmax(logits / temperature, axis=1)`. The
 * largest logit is subtracted first, so nothing overflows, however large the logits are.
 *
 * @param logits `[rows, classes]`, finite
 * @param temperature above 0
 */
export function logProbabilities(
  logits: Float32Array,
  classes: number,
  temperature = 1,
): Float64Array {
  const result = new Float64Array(logits.length)
  for (let offset = 0; offset < logits.length; offset += classes) {
    let largest = Number.NEGATIVE_INFINITY
    for (let at = offset; at < offset + classes; at++)
      largest = Math.max(largest, logits[at] as number)
    let total = 0
    for (let at = offset; at < offset + classes; at++) {
      const shifted = ((logits[at] as number) - largest) / temperature
      result[at] = shifted
      total += Math.exp(shifted)
    }
    const logTotal = Math.log(total)
    for (let at = offset; at < offset + classes; at++)
      result[at] = (result[at] as number) - logTotal
  }
  return result
}
