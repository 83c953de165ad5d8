/** The Brier score. */

/**
 * Σ over classes of (p − 1 for the label, else p)² of each row, 0 to 2 (Brier 1950). Their mean is
 * `sklearn.metrics.brier_score_loss(labels, probabilities, scale_by_half=False)`; for two classes scikit-learn halves
 * it unless told not to.
 *
 * @param logs log probabilities `[rows, classes]`
 */
export const brierOfRows = (
  logs: Float64Array,
  labels: Int32Array,
  classes: number,
): Float64Array =>
  Float64Array.from(labels, (label, row) => {
    let sum = 0
    for (let index = 0; index < classes; index++) {
      const error = Math.exp(logs[row * classes + index] as number) - (index === label ? 1 : 0)
      sum += error * error
    }
    return sum
  })
