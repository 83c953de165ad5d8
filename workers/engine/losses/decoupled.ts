/**
 * Decoupled knowledge distillation, DKD (Zhao et al. 2022). The soft-target loss is a sum of two: how sure the teacher is
 * of the label, and how it ranks the other classes. The second comes with the factor 1 − p_y, so that it is silent where
 * the teacher is sure, which is where it knows most about the other classes. Here both get weights of their own.
 */
import { logSoftmax } from '../native-ops.ts'
import { tf } from '../tensorflow.ts'
import type { LossInParts } from './loss-in-parts.ts'
import { labelledMean, oneHot } from './primitives/labelled.ts'
import { divergence, logSumExp } from './primitives/log-probabilities.ts'
import { stopGradient } from './primitives/stop-gradient.ts'
import { softened, type Temperature, timesSquare } from './primitives/temperature.ts'

export interface DecoupledOptions {
  /** Weight of the label against the rest. */
  readonly alpha: number
  /** Weight of the other classes among themselves. */
  readonly beta: number
  /** Above 0. */
  readonly temperature: Temperature
}

/** A logit that leaves nothing of a class: exp gives 0 exactly, and products with it stay finite. */
const REMOVED = -1e30

/** log p_y and log(1 − p_y), `[batch, 1]` each, and the log-probabilities of the other classes among themselves. */
function parts(logits: tf.Tensor, isLabel: tf.Tensor) {
  const logP = logSoftmax(logits)
  const others = tf.where(tf.cast(isLabel, 'bool'), REMOVED, logP)
  return {
    label: tf.sum(tf.mul(isLabel, logP), 1, true),
    rest: logSumExp(others),
    others: logSoftmax(others),
  }
}

/**
 * L = α · TCKD + β · NCKD, both T² · mean_b KL(teacher ‖ student) at temperature T:
 * TCKD of the pairs (p_y, 1 − p_y), NCKD of the softmax over the classes other than y. With α = 1 and 1 − p_y of the
 * teacher in the place of β it is the soft-target loss. T² for the same reason as there.
 *
 * The mean runs over the rows with a label; without any the loss is 0. With two classes NCKD is always 0: use
 * `soft-targets.ts` then.
 *
 * Numerics: 1 − p_y is computed as log Σ_{c≠y} p_c; subtracting from 1 would leave 0 for a sure teacher. The label is taken
 * out of the second softmax exactly, where the authors' code subtracts 1000 from its logit, which is the same up to gaps
 * of about 900.
 *
 * Defaults α = 1, β = 8, T = 4 are those of the paper for CIFAR-100 with ResNet 32×4 → 8×4; for smaller gaps between
 * teacher and student it uses β = 2 to 6, and it lets the term grow over the first 20 epochs.
 *
 * @param studentLogits `[batch, classes]`, three classes or more
 * @param teacherLogits `[batch, classes]`
 * @param labels        `[batch]` int32, −1 for unknown
 * @returns in nats; `tckd` and `nckd` with T², without α and β. 0 where the distributions agree
 * @see arXiv:2203.08679, equation 7
 */
export const decoupled = (
  studentLogits: tf.Tensor2D,
  teacherLogits: tf.Tensor2D,
  labels: tf.Tensor1D,
  { alpha, beta, temperature }: DecoupledOptions,
): LossInParts<'tckd' | 'nckd'> =>
  tf.tidy(() => {
    const isLabel = oneHot(labels, studentLogits.shape[1])
    const student = parts(softened(studentLogits, temperature), isLabel)
    const teacher = parts(softened(stopGradient(teacherLogits), temperature), isLabel)
    const pair = (one: typeof student): tf.Tensor => tf.concat([one.label, one.rest], 1)
    const mean = (perRow: tf.Tensor): tf.Scalar =>
      timesSquare(labelledMean(perRow, labels), temperature)
    const tckd = mean(divergence(pair(teacher), pair(student)))
    const nckd = mean(divergence(teacher.others, student.others))
    const value = tf.add(tf.mul(tckd, alpha), tf.mul(nckd, beta)) as tf.Scalar
    return { value, components: { tckd, nckd } }
  })
