/**
 * Distillation without a teacher, Tf-KD (Yuan et al. 2020): a teacher is made up that is right with a given confidence and
 * has no opinion on the other classes. What a student gains from it is regularization, not knowledge; as a control it
 * shows how much of a gain of `soft-targets.ts` comes from soft labels as such.
 */
import { logSoftmax } from '../native-ops.ts'
import { tf } from '../tensorflow.ts'
import { labelledMean, oneHot } from './primitives/labelled.ts'

export interface VirtualTeacherOptions {
  /** Confidence in the label, above 1 / classes and up to 1. */
  readonly correct: number
  /** Softens the made-up probabilities once more by a softmax; null: they stay as they are. */
  readonly teacherTemperature: number | null
  /** Above 0. */
  readonly studentTemperature: number
}

/** The probability of the label, and that of each other class. */
function madeUp(classes: number, correct: number, temperature: number | null) {
  const other = (1 - correct) / (classes - 1)
  if (temperature === null) return { label: correct, other }
  const odds = Math.exp((other - correct) / temperature)
  const label = 1 / (1 + (classes - 1) * odds)
  return { label, other: label * odds }
}

const xLogX = (x: number): number => (x === 0 ? 0 : x * Math.log(x))

/**
 * L = mean_b KL(q ‖ softmax(z / T_s)), with q = softmax(u / T_t), or q = u if T_t is null, and u = a for the label,
 * (1 − a) / (classes − 1) for the others.
 *
 * With T_t = null this is label smoothing of ε = (1 − a) · classes / (classes − 1), less the entropy of q, which is a
 * constant; with a = 1 it is the cross-entropy. The softmax is taken of probabilities, not of logits, so T_t = 20 leaves
 * q almost uniform: that is what the authors do, and why the default (a = 0.99, T_t = 20, T_s = 1) is a gentle push only.
 *
 * The authors' code divides by the number of classes too, and has no T². The mean runs over the rows with a label.
 * q is the same two numbers in every row, so all of it but log-softmax is computed on the host in float64.
 *
 * @param studentLogits `[batch, classes]`
 * @param labels        `[batch]` int32, −1 for unknown
 * @returns scalar ≥ 0 but for rounding, in nats
 * @see arXiv:1909.11723
 */
export const virtualTeacher = (
  studentLogits: tf.Tensor2D,
  labels: tf.Tensor1D,
  { correct, teacherTemperature, studentTemperature }: VirtualTeacherOptions,
): tf.Scalar =>
  tf.tidy(() => {
    const classes = studentLogits.shape[1]
    const q = madeUp(classes, correct, teacherTemperature)
    const negativeEntropy = xLogX(q.label) + (classes - 1) * xLogX(q.other)
    const logP = logSoftmax(tf.mul(studentLogits, 1 / studentTemperature))
    const target = tf.add(tf.mul(oneHot(labels, classes), q.label - q.other), q.other)
    const perRow = tf.sub(negativeEntropy, tf.sum(tf.mul(target, logP), 1))
    return labelledMean(perRow, labels)
  })
