/** Which loss each method of an objective is. A method without a loss does not compile. */
import type { Method, ResolvedTerm } from '../../../src/domain/objective.ts'
import { tf } from '../tensorflow.ts'
import { crossEntropy } from './hard-labels.ts'
import { softTargetLoss } from './soft-targets.ts'

/** What a student is compared with, row by row of the batch. */
export interface Targets {
  /** `[batch]` int32: class index, or −1 where the label must not be used. */
  readonly labels: tf.Tensor1D
  /** `[batch, classes]`; null where no term needs a teacher. */
  readonly teacherLogits: tf.Tensor2D | null
  /** Of rows that were mixed (mixup): the labels of the other part, and the share in [0, 1] of the first. */
  readonly mixed?: { readonly labels: tf.Tensor1D; readonly share: tf.Scalar } | null
}

type TermOf<M extends Method> = { [K in M]: Extract<ResolvedTerm, { method: K }> }[M]
type Loss<M extends Method> = (
  studentLogits: tf.Tensor2D,
  targets: Targets,
  term: TermOf<M>,
) => tf.Scalar

function teacherOf({ teacherLogits }: Targets): tf.Tensor2D {
  if (!teacherLogits) throw new Error('a term needs teacher logits but the task has none')
  return teacherLogits
}

const LOSSES: { readonly [M in Method]: Loss<M> } = {
  'hard-labels': (student, { labels, mixed }, { labelSmoothing }) => {
    const loss = crossEntropy(student, labels, labelSmoothing)
    if (!mixed) return loss
    // share · L(y) + (1 − share) · L(y'), each over the rows whose label is known (Zhang et al. 2018, arXiv:1710.09412).
    const other = crossEntropy(student, mixed.labels, labelSmoothing)
    return tf.add(tf.mul(mixed.share, loss), tf.mul(tf.sub(1, mixed.share), other))
  },
  'soft-targets': (student, targets, { temperature }) =>
    softTargetLoss(student, teacherOf(targets), temperature),
}

/** Unweighted value of one term on a batch: a scalar that the caller disposes. */
export const termLoss = <M extends Method>(
  term: TermOf<M>,
  studentLogits: tf.Tensor2D,
  targets: Targets,
): tf.Scalar => {
  const loss: Loss<M> = LOSSES[term.method as M]
  return loss(studentLogits, targets, term)
}
