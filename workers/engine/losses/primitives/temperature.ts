/** Temperatures of losses: a number that is the same in all steps, or what a step is fed. */
import { tf } from '../../tensorflow.ts'

export type Temperature =
  | number
  /** 1 / T and T², made on the host in float64: a division in a graph and an eager one would differ in the last bit. */
  | { readonly inverse: tf.Scalar; readonly squared: tf.Scalar }

/** x / T. */
export const softened = <T extends tf.Tensor>(x: T, temperature: Temperature): T =>
  // Not a division: TensorFlow replaces one by a constant in a graph, and the eager run would differ in the last bit.
  tf.mul(x, typeof temperature === 'number' ? 1 / temperature : temperature.inverse)

/** T² · factor · x. */
export function timesSquare(x: tf.Tensor, temperature: Temperature, factor = 1): tf.Scalar {
  if (typeof temperature === 'number') return tf.mul(x, temperature ** 2 * factor)
  const squared = tf.mul(x, temperature.squared) as tf.Scalar
  return factor === 1 ? squared : tf.mul(squared, factor)
}
