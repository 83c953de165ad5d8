/** Prototypes: what a class looks like to the teacher. */
import { tf } from '../../tensorflow.ts'
import { oneHot } from './labelled.ts'

/**
 * The mean of the features of each class, over rows with a label; zeros for a class without rows. Belongs to the
 * training rows of a fold: means over all rows would tell a student about the held-out ones.
 * @param features `[rows, width]`
 * @param labels   `[rows]` int32, −1 for unknown
 * @returns        `[classes, width]`
 */
export const classMeans = (
  features: tf.Tensor2D,
  labels: tf.Tensor1D,
  classes: number,
): tf.Tensor2D =>
  tf.tidy(() => {
    const members = oneHot(labels, classes)
    const counts = tf.maximum(tf.reshape(tf.sum(members, 0), [classes, 1]), 1)
    return tf.div(tf.matMul(members, features, true), counts) as tf.Tensor2D
  })
