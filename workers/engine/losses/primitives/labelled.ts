/** Losses that read labels use the rows that have one, as the cross-entropy does. */
import { tf } from '../../tensorflow.ts'

/** `[batch, classes]` float32; a row of zeros where the label is −1, that is, not known. */
export const oneHot = (labels: tf.Tensor1D, classes: number): tf.Tensor2D =>
  tf.oneHot(labels, classes, 1, 0, 'float32') as tf.Tensor2D

/**
 * Mean of `[batch]` values over the rows whose label is known; 0, with a gradient of 0, when none is.
 * @param values finite in every row
 */
export function labelledMean(values: tf.Tensor, labels: tf.Tensor1D): tf.Scalar {
  const known = tf.cast(tf.greaterEqual(labels, 0), 'float32')
  return tf.div(tf.sum(tf.mul(values, known)), tf.maximum(tf.sum(known), 1)) as tf.Scalar
}
