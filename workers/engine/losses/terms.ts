/** Which loss each method of an objective is. A method without a loss does not compile. */
import { type Method, needsLabels } from '../../../src/domain/methods/job-methods.ts'
import type { LiveTerm, LiveTermOf } from '../scheduled-terms.ts'
import { tf } from '../tensorflow.ts'
import { activationBoundaries } from './activation-boundaries.ts'
import { attentionTransfer } from './attention-transfer.ts'
import { channelWise } from './channel-wise.ts'
import { classAttention } from './class-attention.ts'
import { contrastiveByMemory } from './contrastive-memory.ts'
import { correlationCongruence } from './correlation-congruence.ts'
import { decoupled } from './decoupled.ts'
import { dist } from './dist.ts'
import { factorTransfer } from './factor-transfer.ts'
import { featureHint } from './feature-hint.ts'
import { fsp } from './fsp.ts'
import { Given, type Student, type Targets } from './given.ts'
import { crossEntropy } from './hard-labels.ts'
import { keyPoints } from './key-points.ts'
import { logitMse } from './logit-mse.ts'
import { logitStandardization } from './logit-standardization.ts'
import { neuronSelectivity } from './neuron-selectivity.ts'
import { overhaul } from './overhaul.ts'
import { probabilisticKnowledgeTransfer } from './probabilistic-knowledge-transfer.ts'
import { prototypeDirection } from './prototype-direction.ts'
import { prototypeReconstruction } from './prototype-reconstruction.ts'
import { prototypeRelational } from './prototype-relational.ts'
import { relational } from './relational.ts'
import { review } from './review.ts'
import { similarityPreserving } from './similarity-preserving.ts'
import { softTargetLoss } from './soft-targets.ts'
import { variationalInformation } from './variational-information.ts'
import { virtualTeacher } from './virtual-teacher.ts'

type Loss<M extends Method> = (given: Given, term: LiveTermOf<M>) => tf.Scalar

const prototypesOf = (given: Given): tf.Tensor2D => given.constant('prototypes') as tf.Tensor2D

const LOSSES: { readonly [M in Method]: Loss<M> } = {
  'soft-targets': ({ logits, teacherLogits }, { temperature }) =>
    softTargetLoss(logits, teacherLogits, temperature),
  'hard-labels': ({ logits, labels }, { labelSmoothing }) =>
    crossEntropy(logits, labels, labelSmoothing),
  decoupled: ({ logits, teacherLogits, labels }, term) =>
    decoupled(logits, teacherLogits, labels, term).value,
  dist: ({ logits, teacherLogits }, term) => dist(logits, teacherLogits, term).value,
  'logit-standardization': ({ logits, teacherLogits }, term) =>
    logitStandardization(logits, teacherLogits, term),
  'logit-mse': ({ logits, teacherLogits }, term) => logitMse(logits, teacherLogits, term),
  'virtual-teacher': ({ logits, labels }, term) => virtualTeacher(logits, labels, term),
  'feature-hint': ({ features, projector }) => featureHint(...features, projector),
  'similarity-preserving': ({ features }) => similarityPreserving(...features),
  'correlation-congruence': ({ features }, term) => correlationCongruence(...features, term),
  'variational-information': (given, term) =>
    variationalInformation(
      ...given.features,
      given.projector,
      given.weight('log-scale') as tf.Tensor1D,
      term,
    ),
  relational: ({ features }, term) => relational(...features, term).value,
  'probabilistic-knowledge-transfer': ({ features }, term) =>
    probabilisticKnowledgeTransfer(...features, term),
  'neuron-selectivity': ({ maps }) => neuronSelectivity(...maps),
  fsp: ({ flows }) => fsp(...flows),
  'activation-boundaries': ({ projected }, term) => activationBoundaries(...projected, term),
  'factor-transfer': (given, { factorRate }) => factorTransfer(...given.factors(factorRate)),
  overhaul: (given, term) =>
    overhaul(...given.projected, given.constant('margins') as tf.Tensor1D, term),
  contrastive: contrastiveByMemory,
  review: ({ stages }, term) => review(stages, term),
  'attention-transfer': ({ maps }, term) => attentionTransfer(...maps, term),
  'key-points': ({ maps }, term) => keyPoints(...maps, term).value,
  'channel-wise': ({ projected }, term) =>
    channelWise(...(projected as [tf.Tensor4D, tf.Tensor4D]), term),
  'class-attention': ({ classMaps }, term) => classAttention(...classMaps, term),
  'prototype-direction': (given) =>
    prototypeDirection(
      ...(given.projected as [tf.Tensor2D, tf.Tensor2D]),
      prototypesOf(given),
      given.labels,
    ),
  'prototype-relational': (given, term) =>
    prototypeRelational(...given.vectors, prototypesOf(given), given.projector, term),
  'prototype-reconstruction': (given, term) =>
    prototypeReconstruction(
      ...(given.projected as [tf.Tensor2D, tf.Tensor2D]),
      prototypesOf(given),
      given.labels,
      term,
    ),
}

/**
 * Unweighted value of one term on a batch: a scalar that the caller disposes.
 * @param index of the term in the objective
 */
export function termLoss(
  term: LiveTerm,
  index: number,
  student: Student,
  targets: Targets,
): tf.Scalar {
  const loss = LOSSES[term.method] as Loss<Method>
  const by = (labels: tf.Tensor1D): tf.Scalar =>
    loss(
      new Given(student, labels, targets, { index, taps: term.taps }),
      term as LiveTermOf<Method>,
    )
  const { labels, mixed } = targets
  if (!mixed || !needsLabels(term.method)) return by(labels)
  // share · L(y) + (1 − share) · L(y'), each over the rows whose label is known (Zhang et al. 2018, arXiv:1710.09412).
  return tf.add(tf.mul(mixed.share, by(labels)), tf.mul(tf.sub(1, mixed.share), by(mixed.labels)))
}
