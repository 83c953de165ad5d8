/**
 * Logit standardization, LS-KD (Sun et al. 2024). Sharing a temperature asks the student for logits of the teacher's
 * size. If both are brought to mean 0 and standard deviation 1 row by row first, only the relations between the
 * classes are left to be learnt, and the student's logits may have whatever scale its size allows.
 */
import { tf } from '../tensorflow.ts'
import { insertAxis } from './primitives/insert-axis.ts'
import { length } from './primitives/length.ts'
import { stopGradient } from './primitives/stop-gradient.ts'
import type { Temperature } from './primitives/temperature.ts'
import { softTargetLoss } from './soft-targets.ts'

export interface LogitStandardizationOptions {
  /** Above 0; acts on standardized logits, so it does not depend on the networks. */
  readonly temperature: Temperature
  /** Added to the standard deviation. */
  readonly eps: number
}

/** (z − mean) / (eps + sd) in each row, sd with the divisor classes − 1. */
function standardized(logits: tf.Tensor2D, eps: number): tf.Tensor2D {
  const centred = tf.sub(logits, tf.mean(logits, 1, true))
  const deviation = tf.mul(length(centred), 1 / Math.sqrt(logits.shape[1] - 1))
  return tf.div(centred, insertAxis(tf.add(deviation, eps), 1))
}

/**
 * L = T² · mean_b KL(softmax(ẑ_t / T) ‖ softmax(ẑ_s / T)) with ẑ = (z − mean z) / (eps + sd z): `soft-targets.ts` of
 * standardized logits. Blind to a shift, and to a positive factor, of the logits of a row; 0 where one row is the other
 * after such a change.
 *
 * The gradient with respect to z contains 1 / sd: rows of nearly equal logits get large ones, rows of exactly equal
 * logits up to 1 / eps. Networks start away from that point, and clipping the gradient norm guards against it.
 *
 * The divisor C − 1 (`torch.std`) and eps are of the authors' code; with the divisor C the temperature would mean a factor
 * √((C − 1)/C) less. Defaults T = 2, eps = 1e-7 from there, where the term has a weight of 9.
 *
 * @param studentLogits `[batch, classes]`, two classes or more
 * @param teacherLogits `[batch, classes]`
 * @returns scalar ≥ 0 but for rounding, in nats
 * @see arXiv:2403.01427
 */
export const logitStandardization = (
  studentLogits: tf.Tensor2D,
  teacherLogits: tf.Tensor2D,
  { temperature, eps }: LogitStandardizationOptions,
): tf.Scalar =>
  tf.tidy(() =>
    softTargetLoss(
      standardized(studentLogits, eps),
      standardized(stopGradient(teacherLogits), eps),
      temperature,
    ),
  )
