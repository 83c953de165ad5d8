/**
 * How each method is called with the inputs that a case of the golden file names. A method left out does not compile, nor
 * does a card whose options are not what the loss takes.
 */
import type { MethodId, OptionsOf } from '../../../../src/domain/methods/cards.ts'
import { activationBoundaries } from '../../../../workers/engine/losses/activation-boundaries.ts'
import { attentionTransfer } from '../../../../workers/engine/losses/attention-transfer.ts'
import { channelWise } from '../../../../workers/engine/losses/channel-wise.ts'
import { classAttention } from '../../../../workers/engine/losses/class-attention.ts'
import { contrastive } from '../../../../workers/engine/losses/contrastive.ts'
import { correlationCongruence } from '../../../../workers/engine/losses/correlation-congruence.ts'
import { decoupled } from '../../../../workers/engine/losses/decoupled.ts'
import { dist } from '../../../../workers/engine/losses/dist.ts'
import { factorTransfer } from '../../../../workers/engine/losses/factor-transfer.ts'
import { featureHint } from '../../../../workers/engine/losses/feature-hint.ts'
import { fsp } from '../../../../workers/engine/losses/fsp.ts'
import { crossEntropy } from '../../../../workers/engine/losses/hard-labels.ts'
import { keyPoints } from '../../../../workers/engine/losses/key-points.ts'
import { logitMse } from '../../../../workers/engine/losses/logit-mse.ts'
import { logitStandardization } from '../../../../workers/engine/losses/logit-standardization.ts'
import type { LossInParts } from '../../../../workers/engine/losses/loss-in-parts.ts'
import { mutual } from '../../../../workers/engine/losses/mutual.ts'
import { neuronSelectivity } from '../../../../workers/engine/losses/neuron-selectivity.ts'
import { overhaul } from '../../../../workers/engine/losses/overhaul.ts'
import type { Projector } from '../../../../workers/engine/losses/primitives/project.ts'
import { probabilisticKnowledgeTransfer } from '../../../../workers/engine/losses/probabilistic-knowledge-transfer.ts'
import { prototypeDirection } from '../../../../workers/engine/losses/prototype-direction.ts'
import { prototypeReconstruction } from '../../../../workers/engine/losses/prototype-reconstruction.ts'
import { prototypeRelational } from '../../../../workers/engine/losses/prototype-relational.ts'
import { relational } from '../../../../workers/engine/losses/relational.ts'
import { review } from '../../../../workers/engine/losses/review.ts'
import { similarityPreserving } from '../../../../workers/engine/losses/similarity-preserving.ts'
import { softTargetLoss } from '../../../../workers/engine/losses/soft-targets.ts'
import { variationalInformation } from '../../../../workers/engine/losses/variational-information.ts'
import { virtualTeacher } from '../../../../workers/engine/losses/virtual-teacher.ts'
import type { tf } from '../../../../workers/engine/tensorflow.ts'

export type Inputs = Readonly<Record<string, tf.Tensor>>
export type GoldenLoss = tf.Scalar | LossInParts<string>

/** The normalizers of `contrastive` are measured and no option, but the golden file has them among the options. */
interface Normalizers {
  readonly normalizerStudent: number
  readonly normalizerTeacher: number
}
type FromGolden<M extends MethodId> = (
  inputs: Named,
  options: OptionsOf<M> & (M extends 'contrastive' ? Normalizers : unknown),
) => GoldenLoss

/** Inputs by name; one that is missing fails by its name. */
class Named {
  readonly #inputs: Inputs
  constructor(inputs: Inputs) {
    this.#inputs = inputs
  }
  has(name: string): boolean {
    return name in this.#inputs
  }
  get<T extends tf.Tensor = tf.Tensor>(name: string): T {
    const found = this.#inputs[name]
    if (!found) throw new Error(`the case has no input ${name}`)
    return found as T
  }
  matrix = (name: string) => this.get<tf.Tensor2D>(name)
  map = (name: string) => this.get<tf.Tensor4D>(name)
  get labels() {
    return this.get<tf.Tensor1D>('labels')
  }
  get pair(): [tf.Tensor, tf.Tensor] {
    return [this.get('student'), this.get('teacher')]
  }
  get logits(): [tf.Tensor2D, tf.Tensor2D] {
    return [this.matrix('student'), this.matrix('teacher')]
  }
  get maps(): [tf.Tensor4D, tf.Tensor4D] {
    return [this.map('student'), this.map('teacher')]
  }
  get regressor(): Projector {
    if (!this.has('regressor_weight')) return []
    const weight = this.matrix('regressor_weight')
    if (!this.has('regressor_bias')) return [{ weight }]
    return [{ weight, bias: this.get<tf.Tensor1D>('regressor_bias') }]
  }
  /** `regressor1`, `regressor2`, … */
  get regressors(): Projector {
    const layers = []
    for (let layer = 1; this.has(`regressor${layer}`); layer++)
      layers.push({ weight: this.matrix(`regressor${layer}`) })
    return layers
  }
  /** `student` and `teacher`, `student2` and `teacher2`, … */
  get stages() {
    const stages = [{ student: this.map('student'), teacher: this.map('teacher') }]
    for (let stage = 2; this.has(`student${stage}`); stage++)
      stages.push({ student: this.map(`student${stage}`), teacher: this.map(`teacher${stage}`) })
    return stages
  }
}

const FROM_GOLDEN: { readonly [M in MethodId]: FromGolden<M> } = {
  'hard-labels': (of, { labelSmoothing }) =>
    crossEntropy(of.matrix('student'), of.labels, labelSmoothing),
  'soft-targets': (of, { temperature }) => softTargetLoss(...of.logits, temperature),
  'logit-mse': (of, options) => logitMse(...of.logits, options),
  decoupled: (of, options) => decoupled(...of.logits, of.labels, options),
  dist: (of, options) => dist(...of.logits, options),
  'logit-standardization': (of, options) => logitStandardization(...of.logits, options),
  'virtual-teacher': (of, options) => virtualTeacher(of.matrix('student'), of.labels, options),
  mutual: (of) => mutual(of.matrix('student'), of.get<tf.Tensor3D>('peers')),
  'feature-hint': (of) => featureHint(...of.pair, of.regressor),
  'attention-transfer': (of, options) => attentionTransfer(...of.maps, options),
  'similarity-preserving': (of) => similarityPreserving(...of.pair),
  'correlation-congruence': (of, options) => correlationCongruence(...of.pair, options),
  'variational-information': (of, options) =>
    variationalInformation(...of.pair, of.regressors, of.get<tf.Tensor1D>('log_scale'), options),
  relational: (of, options) => relational(...of.pair, options),
  'probabilistic-knowledge-transfer': (of, options) =>
    probabilisticKnowledgeTransfer(...of.pair, options),
  'neuron-selectivity': (of) => neuronSelectivity(...of.maps),
  fsp: (of) =>
    fsp(
      { first: of.map('student_first'), second: of.map('student_second') },
      { first: of.map('teacher_first'), second: of.map('teacher_second') },
    ),
  'activation-boundaries': (of, options) => activationBoundaries(...of.pair, options),
  'factor-transfer': (of) => factorTransfer(...of.pair),
  overhaul: (of, options) => overhaul(...of.pair, of.get<tf.Tensor1D>('margin'), options),
  contrastive: (of, options) =>
    contrastive(
      ...of.logits,
      { student: of.matrix('memory_student'), teacher: of.matrix('memory_teacher') },
      of.matrix('indices'),
      options,
      (_, anchor) =>
        Math.log(anchor === 'student' ? options.normalizerStudent : options.normalizerTeacher),
    ),
  review: (of, options) => review(of.stages, options),
  'channel-wise': (of, options) => channelWise(...of.maps, options),
  'class-attention': (of, options) => classAttention(...of.maps, options),
  'prototype-direction': (of) =>
    prototypeDirection(...of.logits, of.matrix('prototypes'), of.labels),
  'prototype-relational': (of, options) =>
    prototypeRelational(...of.logits, of.matrix('prototypes'), of.regressor, options),
  'prototype-reconstruction': (of, options) =>
    prototypeReconstruction(...of.logits, of.matrix('prototypes'), of.labels, options),
  'key-points': (of, options) => keyPoints(...of.maps, options),
}

/** The loss of a method on the inputs of a case. */
export const goldenLoss = (
  method: MethodId,
  inputs: Inputs,
  options: Readonly<Record<string, unknown>>,
): GoldenLoss => {
  const loss = FROM_GOLDEN[method] as (inputs: Named, options: unknown) => GoldenLoss
  return loss(new Named(inputs), options)
}

/** The scalar to train on, or one of the parts. */
export function part(loss: GoldenLoss, name?: string): tf.Scalar {
  if (!('components' in loss)) {
    if (name) throw new Error(`the loss has no components, so no ${name}`)
    return loss
  }
  const found = name ? loss.components[name] : loss.value
  if (!found) throw new Error(`the loss has no component ${name}`)
  return found
}
