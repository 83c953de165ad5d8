/** Where a network looks. */
import { tf } from '../../tensorflow.ts'
import { unit } from './length.ts'
import { absolute } from './piecewise.ts'

/**
 * Q = A / ‖A‖ with A the mean over channels of |F|^power at each position (Zagoruyko & Komodakis 2017, section 3.1).
 * The mean, not the sum: the division by the length takes the number of channels out either way. A map of zeros has an
 * attention of zeros, with a gradient of zeros.
 * @param power 1 or more; a larger one stresses the strongest positions
 * @returns     `[batch, height · width]`
 */
export function attentionMap(features: tf.Tensor4D, power = 2): tf.Tensor2D {
  const [batch, height, width] = features.shape
  const strength = power === 2 ? tf.square(features) : tf.pow(absolute(features), power)
  return unit(tf.reshape(tf.mean(strength, 3), [batch, height * width])) as tf.Tensor2D
}
