/** Yes or no, as a factor. */
import { tf } from '../../tensorflow.ts'
import { stopGradient } from './stop-gradient.ts'

/**
 * 1 where a condition on x holds, else 0: a constant for the gradient. tfjs has no gradient for most comparisons, not even
 * 0, so that a loss which decides by the student's own numbers could not be trained.
 * @param holds entry by entry
 */
export const indicator = (x: tf.Tensor, holds: (x: tf.Tensor) => tf.Tensor): tf.Tensor =>
  tf.cast(holds(stopGradient(x)), 'float32')

/** x ≥ 0 as a divisor: 1 in the place of 0. */
export const asDivisor = (x: tf.Tensor): tf.Tensor =>
  tf.add(
    x,
    indicator(x, (value) => tf.lessEqual(value, 0)),
  )
