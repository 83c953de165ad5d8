/** Functions with a corner, with the derivative at the corner that is meant. */
import { tf } from '../../tensorflow.ts'

/** |x|, with the derivative 0 at 0; tfjs' own is −1 there, which would push a student that is already right. */
export const absolute: (x: tf.Tensor) => tf.Tensor = tf.customGrad((x, save) => {
  const given = x as tf.Tensor
  ;(save as tf.GradSaveFunc)([tf.sign(given)])
  return {
    value: tf.abs(given),
    gradFunc: (dy: tf.Tensor, [sign]: tf.Tensor[]) => tf.mul(dy, sign as tf.Tensor),
  }
})

/** Huber's function with δ = 1: x²/2 up to |x| = 1, then |x| − 1/2; its derivative is x, cut to [−1, 1]. */
export const huber: (x: tf.Tensor) => tf.Tensor = tf.customGrad((x, save) => {
  const given = x as tf.Tensor
  const inner = tf.clipByValue(given, -1, 1)
  ;(save as tf.GradSaveFunc)([inner])
  return {
    // c (x − c/2) with c = clip(x): both branches at once.
    value: tf.mul(inner, tf.sub(given, tf.mul(inner, 0.5))),
    gradFunc: (dy: tf.Tensor, [slope]: tf.Tensor[]) => tf.mul(dy, slope as tf.Tensor),
  }
})
