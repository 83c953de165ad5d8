/** Negative log-likelihood. */

/**
 * −log p(label) of each row, in nats; their mean is `sklearn.metrics.log_loss`, which alone clips probabilities of 0.
 *
 * @param logs log probabilities `[rows, classes]`
 */
export const nllOfRows = (logs: Float64Array, labels: Int32Array, classes: number): Float64Array =>
  Float64Array.from(labels, (label, row) => -(logs[row * classes + label] as number))
