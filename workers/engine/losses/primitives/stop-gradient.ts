/** The wall between student and teacher: what is behind it is a constant, whoever made it. */
import { tf } from '../../tensorflow.ts'

/**
 * The same tensor, through which no gradient flows back. A teacher that shares weights with the student, as in
 * self-distillation, would otherwise be pulled towards the student.
 */
export const stopGradient = tf.customGrad((x) => ({
  value: tf.clone(x as tf.Tensor),
  gradFunc: (dy: tf.Tensor) => [tf.zerosLike(dy)],
})) as <T extends tf.Tensor>(x: T) => T
