/** Which loss each method of an objective is. A method without a loss does not compile. */
import { type Method, needsLabels } from '../../../src/domain/methods/job-methods.ts'
import type { ResolvedTerm, TermOf } from '../../../src/domain/objective.ts'
import { tf } from '../tensorflow.ts'
import { decoupled } from './decoupled.ts'
import { dist } from './dist.ts'
import { crossEntropy } from './hard-labels.ts'
import { logitMse } from './logit-mse.ts'
import { logitStandardization } from './logit-standardization.ts'
import { softTargetLoss } from './soft-targets.ts'
import { virtualTeacher } from './virtual-teacher.ts'

/** What a student is compared with, row by row of the batch. */
export interface Targets {
  /** `[batch]` int32: class index, or −1 where the label must not be used. */
  readonly labels: tf.Tensor1D
  /** `[batch, classes]`; null where no term needs a teacher. */
  readonly teacherLogits: tf.Tensor2D | null
  /** Of rows that were mixed (mixup): the labels of the other part, and the share in [0, 1] of the first. */
  readonly mixed?: { readonly labels: tf.Tensor1D; readonly share: tf.Scalar } | null
}

/** What a loss may read. */
class Given {
  /** `[batch, classes]` */
  readonly logits: tf.Tensor2D
  readonly labels: tf.Tensor1D
  readonly #targets: Targets

  constructor(logits: tf.Tensor2D, labels: tf.Tensor1D, targets: Targets) {
    this.logits = logits
    this.labels = labels
    this.#targets = targets
  }

  get teacherLogits(): tf.Tensor2D {
    const { teacherLogits } = this.#targets
    if (!teacherLogits) throw new Error('a term needs teacher logits but the task has none')
    return teacherLogits
  }
}

type Loss<M extends Method> = (given: Given, term: TermOf<M>) => tf.Scalar

const LOSSES: { readonly [M in Method]: Loss<M> } = {
  'hard-labels': ({ logits, labels }, { labelSmoothing }) =>
    crossEntropy(logits, labels, labelSmoothing),
  'soft-targets': ({ logits, teacherLogits }, { temperature }) =>
    softTargetLoss(logits, teacherLogits, temperature),
  decoupled: ({ logits, teacherLogits, labels }, term) =>
    decoupled(logits, teacherLogits, labels, term).value,
  dist: ({ logits, teacherLogits }, term) => dist(logits, teacherLogits, term).value,
  'logit-standardization': ({ logits, teacherLogits }, term) =>
    logitStandardization(logits, teacherLogits, term),
  'logit-mse': ({ logits, teacherLogits }, term) => logitMse(logits, teacherLogits, term),
  'virtual-teacher': ({ logits, labels }, term) => virtualTeacher(logits, labels, term),
}

/** Unweighted value of one term on a batch: a scalar that the caller disposes. */
export function termLoss(
  term: ResolvedTerm,
  studentLogits: tf.Tensor2D,
  targets: Targets,
): tf.Scalar {
  const loss = LOSSES[term.method] as Loss<Method>
  const by = (labels: tf.Tensor1D): tf.Scalar =>
    loss(new Given(studentLogits, labels, targets), term as TermOf<Method>)
  const { labels, mixed } = targets
  if (!mixed || !needsLabels(term.method)) return by(labels)
  // share · L(y) + (1 − share) · L(y'), each over the rows whose label is known (Zhang et al. 2018, arXiv:1710.09412).
  return tf.add(tf.mul(mixed.share, by(labels)), tf.mul(tf.sub(1, mixed.share), by(mixed.labels)))
}
