/** What a network says. */

/**
 * Index of the largest logit of each row; of equal ones the lowest, as `numpy.argmax(logits, axis=1)`.
 *
 * @param logits `[rows, classes]`
 */
export function argmax(logits: Float32Array, classes: number): Int32Array {
  const indices = new Int32Array(logits.length / classes)
  for (let row = 0; row < indices.length; row++) {
    let best = 0
    let largest = Number.NEGATIVE_INFINITY
    for (let index = 0; index < classes; index++) {
      const logit = logits[row * classes + index] as number
      if (logit > largest) {
        best = index
        largest = logit
      }
    }
    indices[row] = best
  }
  return indices
}
