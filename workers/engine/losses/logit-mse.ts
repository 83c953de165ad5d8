/**
 * Regression on the teacher's logits (Ba & Caruana 2014; Kim et al. 2021). No temperature and no softmax: also the
 * differences between classes that the teacher gives a negligible probability count in full. It is what `soft-targets.ts`
 * becomes for a high temperature, and the better choice there, because nothing cancels.
 */
import { tf } from '../tensorflow.ts'
import { stopGradient } from './primitives/stop-gradient.ts'

export interface LogitMseOptions {
  /** Take the mean of each row away first: then a constant that is added to a row of logits does not matter. */
  readonly center: boolean
}

/**
 * L = 1/2 · mean_{b,c} (z_bc − v_bc)², z the student's logits, v the teacher's.
 *
 * Why 1/2, and a mean over classes too: centred in this form it is the limit of the soft-target loss for T → ∞, so that
 * weights carry over. ∂L/∂z = (z − v) / (batch · classes).
 *
 * A softmax is blind to a constant added to a row; without `center` the student has to reproduce it nevertheless.
 * Large logits dominate the sum: a teacher with logits of ±100 needs a smaller weight.
 *
 * Conventions: Ba & Caruana sum over the classes, which is `classes` times as much; a plain mean squared error, as in
 * much public code, is twice as much. Default: not centred, as in the paper.
 *
 * @param studentLogits `[batch, classes]`
 * @param teacherLogits `[batch, classes]`
 * @returns scalar ≥ 0, in squared logits; 0 exactly where both agree (up to a constant a row, if centred)
 * @see arXiv:1312.6184, arXiv:2105.08919
 */
export const logitMse = (
  studentLogits: tf.Tensor2D,
  teacherLogits: tf.Tensor2D,
  { center }: LogitMseOptions,
): tf.Scalar =>
  tf.tidy(() => {
    const gap = tf.sub(studentLogits, stopGradient(teacherLogits))
    const compared = center ? tf.sub(gap, tf.mean(gap, 1, true)) : gap
    return tf.mul(tf.mean(tf.square(compared)), 0.5) as tf.Scalar
  })
