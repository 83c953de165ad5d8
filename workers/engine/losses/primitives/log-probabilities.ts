/** What losses on probabilities share. Everything stays in log space: log(softmax(z)) underflows to −∞. */
import { tf } from '../../tensorflow.ts'

/**
 * Σ_c p (log p − log q) along the last axis, in nats: the divergence of q from p. A p that underflows to 0 contributes 0.
 * @param logP `[…, classes]`, log-probabilities
 * @param logQ likewise
 * @returns    `[…]`
 */
export const divergence = (logP: tf.Tensor, logQ: tf.Tensor): tf.Tensor =>
  tf.sum(tf.mul(tf.exp(logP), tf.sub(logP, logQ)), -1)

/** `[rows, 1]`: log Σ_c exp x along the last axis, with the largest value subtracted first; the gradient is softmax(x). */
export const logSumExp: (x: tf.Tensor) => tf.Tensor = tf.customGrad((x, save) => {
  const given = x as tf.Tensor
  const largest = tf.max(given, -1, true)
  const value = tf.add(largest, tf.log(tf.sum(tf.exp(tf.sub(given, largest)), -1, true)))
  ;(save as tf.GradSaveFunc)([given, value])
  return {
    value,
    gradFunc: (dy: tf.Tensor, [input, sum]: tf.Tensor[]) =>
      tf.mul(dy, tf.exp(tf.sub(input as tf.Tensor, sum as tf.Tensor))),
  }
})
