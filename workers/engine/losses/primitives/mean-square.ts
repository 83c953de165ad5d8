/** The plainest distance. */
import { tf } from '../../tensorflow.ts'

/** Mean over all entries of (a − b)². */
export const meanSquare = (a: tf.Tensor, b: tf.Tensor): tf.Scalar =>
  tf.mean(tf.squaredDifference(a, b)) as tf.Scalar
