/**
 * Lengths of vectors and vectors of length 1, with a gradient that is defined at 0 too. tfjs' own derivative of a square
 * root is ∞ there, and ∞ · 0 = NaN: one dead channel would destroy a training.
 */
import { tf } from '../../tensorflow.ts'
import { insertAxis } from './insert-axis.ts'

/** Squared length at and below which a vector counts as 0. */
const NOTHING = 1e-24

/** `[…, 1, …]`: 1/‖x‖ along an axis, and 0 where the vector counts as 0. */
function inverseLength(x: tf.Tensor, axis: number): tf.Tensor {
  const squared = tf.sum(tf.square(x), axis, true)
  const isLong = tf.cast(tf.greater(squared, NOTHING), 'float32')
  return tf.mul(tf.rsqrt(tf.maximum(squared, NOTHING)), isLong)
}

/**
 * Divides the vectors along `axis` by their lengths: u = x / ‖x‖, and 0 with a gradient of 0 where ‖x‖² ≤ 1e-24.
 * ∂L/∂x = (dy − u ⟨u, dy⟩) / ‖x‖: the part along x drops out, because its length has no say.
 */
export const unit = (x: tf.Tensor, axis = -1): tf.Tensor =>
  tf.customGrad((given, save) => {
    const inverse = inverseLength(given as tf.Tensor, axis)
    const value = tf.mul(given as tf.Tensor, inverse)
    ;(save as tf.GradSaveFunc)([value, inverse])
    return {
      value,
      gradFunc: (dy: tf.Tensor, [u, scale]: tf.Tensor[]) => {
        const along = tf.sum(tf.mul(dy, u as tf.Tensor), axis, true)
        return tf.mul(tf.sub(dy, tf.mul(u as tf.Tensor, along)), scale as tf.Tensor)
      },
    }
  })(x)

/** `[…]`: ‖x‖ along the last axis; its gradient is x / ‖x‖, and 0 where ‖x‖² ≤ 1e-24. */
export const length: (x: tf.Tensor) => tf.Tensor = tf.customGrad((x, save) => {
  const given = x as tf.Tensor
  ;(save as tf.GradSaveFunc)([tf.mul(given, inverseLength(given, -1))])
  return {
    value: tf.sqrt(tf.sum(tf.square(given), -1)),
    gradFunc: (dy: tf.Tensor, [u]: tf.Tensor[]) => tf.mul(insertAxis(dy, -1), u as tf.Tensor),
  }
})
