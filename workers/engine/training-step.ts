/**
 * One step of training as a function `(state, batch, rates) -> (state', measurements)`. Everything that changes from
 * step to step comes in as a tensor and goes out as one: no variables, no counters, no random numbers made on the host.
 * That is what allows a step to be recorded once and run as a graph.
 */
import type { Network } from '../../src/domain/network.ts'
import type { ResolvedTerm } from '../../src/domain/objective.ts'
import { apply } from './forward.ts'
import type { Targets } from './losses/given.ts'
import { headFrom } from './losses/term-weights.ts'
import { termLoss } from './losses/terms.ts'
import { halfSquares } from './native-ops.ts'
import type { Optimizer } from './optimizers.ts'
import { liveTerms } from './scheduled-terms.ts'
import { tf } from './tensorflow.ts'
import { type Weights, weightNames } from './weights.ts'

export type TrainingState = {
  readonly weights: Weights
  /** What the optimizer remembers, by name of the weight. */
  readonly slots: Readonly<Record<string, tf.Tensor[]>>
}

export interface Batch extends Targets {
  /** `[batch, ...input shape]` float32; normalized, unless they are augmented first. */
  readonly inputs: tf.Tensor
  /** `[2]` int32, other in every step. */
  readonly dropoutSeed: tf.Tensor1D
  /** `[1]`; only for mixup. */
  readonly mixShare?: tf.Tensor1D
  /** `[scheduledCount]`: weights and temperatures that change; only where there are some. */
  readonly scheduled?: tf.Tensor1D
  /** Of a teacher that answers inside the step; constants. */
  readonly teacherWeights?: Weights
  /** Of terms. */
  readonly constants?: Weights
  /** `[batch]` int32: which of the training rows these are; only for terms that remember rows. */
  readonly positions?: tf.Tensor1D
}

/** What network and teacher see of a batch. */
export interface View {
  /** `[batch, ...input shape]`, normalized for the network that trains. */
  readonly inputs: tf.Tensor
  readonly targets: Targets
  /** `[batch]` int32: what a right answer is, for accuracy. */
  readonly labels: tf.Tensor1D
}

export type ViewOf = (batch: Batch) => View

/** Rows as they are. */
export const plainView: ViewOf = (batch) => ({
  inputs: batch.inputs,
  targets: batch,
  labels: batch.labels,
})

/** The scalars of {@link Optimizer.rates}. */
type Rates = readonly tf.Scalar[]

type StepResult = {
  readonly state: TrainingState
  /** As `measurements.ts` lays them out. */
  readonly measurements: tf.Tensor1D
}

export type TrainingStep = (state: TrainingState, batch: Batch, rates: Rates) => StepResult

/**
 * The state before the first step: given weights, zero slots. The weights now belong to the state.
 * @param projectors names of trained weights beside the network's
 */
export function initialState(
  network: Network,
  weights: Weights,
  optimizer: Optimizer,
  projectors: readonly string[] = [],
): TrainingState {
  const zeros = (name: string): tf.Tensor[] =>
    Array.from({ length: optimizer.slotsPerWeight }, () =>
      tf.zeros(weights[name]?.shape ?? [], 'float32'),
    )
  const trainable = [...weightNames(network).trainable, ...projectors]
  return { weights, slots: Object.fromEntries(trainable.map((name) => [name, zeros(name)])) }
}

/** Frees a state; tensors that `except` still uses stay. */
export function disposeState(state: TrainingState, except?: TrainingState): void {
  const tensors = ({ weights, slots }: TrainingState): tf.Tensor[] => [
    ...Object.values(weights),
    ...Object.values(slots).flat(),
  ]
  const kept = new Set(except ? tensors(except) : [])
  for (const tensor of tensors(state)) if (!kept.has(tensor)) tensor.dispose()
}

/** Rows whose largest logit is the label; a label of −1 is never right. */
const countCorrect = (logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Scalar =>
  tf.sum(tf.cast(tf.equal(tf.argMax(logits, 1), labels), 'float32'))

/** What a batch says about the weights. */
interface BatchGradients {
  /** Of the trainable weights, in network order; of projectors last. */
  readonly gradients: tf.Tensor[]
  /** New moving averages, and what terms remember, by name. */
  readonly updates: Weights
  readonly measurements: StepResult['measurements']
}

/** What is done to the gradients before the optimizer sees them. */
export interface GradientRules {
  /** Euclidean norm of all gradients together that is not exceeded; null: they are left alone. */
  readonly clipNorm: number | null
  /** Share of each weight that is added to its gradient, after clipping. */
  readonly weightDecay: number
}

/** Added to the norm before dividing by it, as PyTorch's `clip_grad_norm_` does. */
const CLIP_EPSILON = 1e-6

/** Scales all gradients by `min(1, limit / (‖g‖ + 1e-6))`, ‖g‖ over all of them together (Pascanu et al. 2013). */
function clipped(gradients: readonly tf.Tensor[], limit: number): tf.Tensor[] {
  const norm = tf.sqrt(tf.mul(tf.addN(gradients.map(halfSquares)), 2))
  const scale = tf.minimum(tf.div(limit, tf.add(norm, CLIP_EPSILON)), 1)
  return gradients.map((gradient) => tf.mul(gradient, scale))
}

function ruled(
  gradients: tf.Tensor[],
  weights: readonly tf.Tensor[],
  { clipNorm, weightDecay }: GradientRules,
): tf.Tensor[] {
  const bounded = clipNorm === null ? gradients : clipped(gradients, clipNorm)
  if (weightDecay === 0) return bounded
  return bounded.map((gradient, index) =>
    tf.add(gradient, tf.mul(weights[index] as tf.Tensor, weightDecay)),
  )
}

export type GradientsOf = (weights: Weights, batch: Batch) => BatchGradients

/**
 * Builds the part of a step that comes before the optimizer. It disposes none of its inputs.
 * @param projectors names of trained weights beside the network's; their gradients come last
 */
export function createGradients(
  network: Network,
  objective: readonly ResolvedTerm[],
  rules: GradientRules,
  viewOfBatch: ViewOf = plainView,
  projectors: readonly string[] = [],
): GradientsOf {
  const trainable = [...weightNames(network).trainable, ...projectors]

  return (given, batch) =>
    tf.tidy(() => {
      const values = trainable.map((name) => given[name] as tf.Tensor)
      const view = viewOfBatch(batch)
      const live = liveTerms(objective, batch.scheduled)
      const mode = { training: true, dropoutSeed: batch.dropoutSeed } as const
      // What is needed besides the loss must be kept by hand: tfjs frees all else when the forward pass ends.
      const kept: tf.Tensor[] = []
      let updates: Weights = {}
      const total = (): tf.Scalar => {
        const forward = apply(network, given, view.inputs, mode)
        const { constants = {} } = batch
        const head = headFrom(network, given)
        const student = {
          ...forward,
          head,
          weights: given,
          constants,
          seed: batch.dropoutSeed,
          positions: batch.positions,
          remembered: {},
        }
        const terms = live.map((term, index) => termLoss(term, index, student, view.targets))
        updates = { ...forward.updates, ...student.remembered }
        kept.push(forward.logits, ...terms)
        for (const tensor of [...kept, ...Object.values(updates)]) tf.keep(tensor)
        return tf.addN(
          terms.map((loss, index) => tf.mul(loss, live[index]?.weight ?? 0)),
        ) as tf.Scalar
      }
      // Weights behind the layers that are compared have none, which the usual functions of tfjs take for a mistake.
      const reached = tf.engine().gradients(total, values, undefined, true).grads
      const grads = values.map((value, index) => reached[index] ?? tf.zerosLike(value))
      const [logits, ...terms] = kept
      const correct = countCorrect(logits as tf.Tensor2D, view.labels)
      const measurements = tf.stack([...terms, correct]) as tf.Tensor1D
      for (const tensor of kept) tensor.dispose()
      const gradients = ruled(grads, values, rules)
      return { gradients, updates, measurements } as BatchGradients & tf.TensorContainerObject
    })
}

/** Builds the step for a network, an objective and an optimizer. The step disposes none of its inputs. */
export function createTrainingStep(
  network: Network,
  objective: readonly ResolvedTerm[],
  optimizer: Optimizer,
  clipNorm: number | null = null,
  viewOfBatch: ViewOf = plainView,
  projectors: readonly string[] = [],
): TrainingStep {
  const trainable = [...weightNames(network).trainable, ...projectors]
  const rules = { clipNorm, weightDecay: optimizer.weightDecay }
  const gradientsOf = createGradients(network, objective, rules, viewOfBatch, projectors)

  return (state, batch, rates) =>
    tf.tidy(() => {
      const { gradients, updates, measurements } = gradientsOf(state.weights, batch)
      const weights: Record<string, tf.Tensor> = { ...state.weights, ...updates }
      const slots: Record<string, tf.Tensor[]> = {}
      for (const [index, name] of trainable.entries()) {
        const weight = state.weights[name] as tf.Tensor
        const current = { weight, slots: state.slots[name] ?? [] }
        const next = optimizer.update(current, gradients[index] as tf.Tensor, rates)
        weights[name] = next.weight
        slots[name] = next.slots
      }
      return { state: { weights, slots }, measurements }
    })
}
