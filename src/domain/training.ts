/** How a network is trained: optimizer, schedule and budget. */
import { type Static, Type } from 'typebox'
import { AugmentationSpec, type ResolvedAugmentation, resolveAugmentation } from './augmentation.ts'
import type { Shape } from './network.ts'
import { discriminated, strict } from './schema.ts'

const LearningRate = Type.Optional(
  Type.Number({
    exclusiveMinimum: 0,
    maximum: 100,
    description: 'At the start. Default 0.01 for sgd, 0.001 for the others.',
  }),
)

const Share = (fallback: number, description?: string) =>
  Type.Optional(
    Type.Number({
      minimum: 0,
      exclusiveMaximum: 1,
      default: fallback,
      ...(description ? { description } : {}),
    }),
  )
const Epsilon = Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1, default: 1e-8 }))
const WeightDecay = (fallback: number, description: string) =>
  Type.Optional(Type.Number({ minimum: 0, maximum: 10, default: fallback, description }))
const COUPLED = 'Adds `weightDecay · w` to the gradient of every weight (an L2 penalty).'

export const Optimizer = discriminated('name', [
  Type.Object(
    {
      name: Type.Literal('sgd'),
      learningRate: LearningRate,
      momentum: Share(0, "PyTorch's form: v = momentum · v + g; w = w − rate · v."),
      nesterov: Type.Optional(
        Type.Boolean({ default: false, description: 'w = w − rate · (g + momentum · v).' }),
      ),
      weightDecay: WeightDecay(0, COUPLED),
    },
    { ...strict, title: 'sgd' },
  ),
  Type.Object(
    {
      name: Type.Literal('adam'),
      learningRate: LearningRate,
      beta1: Share(0.9),
      beta2: Share(0.999),
      epsilon: Epsilon,
      weightDecay: WeightDecay(0, COUPLED),
    },
    {
      ...strict,
      title: 'adam',
      description: 'Kingma & Ba 2015, algorithm 1, with bias correction.',
    },
  ),
  Type.Object(
    {
      name: Type.Literal('adamw'),
      learningRate: LearningRate,
      beta1: Share(0.9),
      beta2: Share(0.999),
      epsilon: Epsilon,
      weightDecay: WeightDecay(0.01, 'Shrinks every weight by `rate · weightDecay` a step.'),
    },
    {
      ...strict,
      title: 'adamw',
      description: 'Adam with decoupled weight decay (Loshchilov & Hutter 2019).',
    },
  ),
  Type.Object(
    {
      name: Type.Literal('rmsprop'),
      learningRate: LearningRate,
      rho: Share(0.99, 'Of the moving average of squared gradients.'),
      epsilon: Epsilon,
      weightDecay: WeightDecay(0, COUPLED),
    },
    { ...strict, title: 'rmsprop', description: "Hinton's lecture 6e, in PyTorch's form." },
  ),
])

export const Schedule = discriminated('name', [
  Type.Object({ name: Type.Literal('constant') }, { ...strict, title: 'constant' }),
  Type.Object(
    {
      name: Type.Literal('step'),
      every: Type.Integer({ minimum: 1, description: 'Epochs between two drops.' }),
      factor: Type.Optional(
        Type.Number({
          exclusiveMinimum: 0,
          maximum: 1,
          default: 0.1,
          description: 'Of each drop.',
        }),
      ),
    },
    { ...strict, title: 'step' },
  ),
  Type.Object(
    {
      name: Type.Literal('cosine'),
      finalFactor: Type.Optional(
        Type.Number({
          minimum: 0,
          maximum: 1,
          default: 0,
          description: 'Share of the initial rate that is approached after the last step.',
        }),
      ),
    },
    { ...strict, title: 'cosine', description: 'Half a cosine over all steps, without restarts.' },
  ),
  Type.Object(
    {
      name: Type.Literal('exponential'),
      factor: Type.Optional(
        Type.Number({
          exclusiveMinimum: 0,
          maximum: 1,
          default: 0.95,
          description: 'Of each epoch.',
        }),
      ),
    },
    { ...strict, title: 'exponential' },
  ),
])

const EarlyStopping = Type.Object(
  {
    monitor: Type.Optional(
      Type.Enum(['validation-loss', 'validation-accuracy'], {
        default: 'validation-loss',
        description:
          'Cross-entropy with the labels (less is better), or accuracy (more is better).',
      }),
    ),
    patience: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 10_000,
        default: 5,
        description: 'Training stops after this many epochs in a row without improvement.',
      }),
    ),
    minDelta: Type.Optional(
      Type.Number({
        minimum: 0,
        default: 0,
        description:
          'An epoch is an improvement when it is better than the best by more than this.',
      }),
    ),
    restoreBest: Type.Optional(
      Type.Boolean({
        default: true,
        description:
          'Take the weights of the best epoch, also when all epochs were used; else those of the last.',
      }),
    ),
  },
  {
    ...strict,
    description:
      'Measured on an inner validation part of the training rows, never on held-out ones. `epochs` is the most there will be.',
  },
)

export const TrainingSpec = Type.Object(
  {
    epochs: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: 20 })),
    batchSize: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 65_536,
        default: 64,
        description:
          'Rows a step; the last step of an epoch takes what is left. Less by default where there are fewer rows.',
      }),
    ),
    optimizer: Type.Optional(Optimizer),
    schedule: Type.Optional(Schedule),
    warmupEpochs: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1000,
        default: 0,
        description: 'The rate of the schedule is scaled up linearly over this long at the start.',
      }),
    ),
    clipNorm: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        description:
          'All gradients together are scaled down to this Euclidean norm where theirs is larger; not given: never.',
      }),
    ),
    validationFraction: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        exclusiveMaximum: 1,
        description:
          'Share of the training rows with a usable label that is not trained on but measured after each epoch: a stratified part, the same for student and control. Default 0.1 with earlyStopping, else none.',
      }),
    ),
    earlyStopping: Type.Optional(EarlyStopping),
    augmentation: Type.Optional(AugmentationSpec),
  },
  { ...strict },
)
export type TrainingSpec = Static<typeof TrainingSpec>

interface AdamParameters {
  readonly learningRate: number
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  readonly weightDecay: number
}

export type ResolvedOptimizer =
  | {
      readonly name: 'sgd'
      readonly learningRate: number
      readonly momentum: number
      readonly nesterov: boolean
      readonly weightDecay: number
    }
  | ({ readonly name: 'adam' } & AdamParameters)
  | ({ readonly name: 'adamw' } & AdamParameters)
  | {
      readonly name: 'rmsprop'
      readonly learningRate: number
      readonly rho: number
      readonly epsilon: number
      readonly weightDecay: number
    }

export type ResolvedSchedule =
  | { readonly name: 'constant' }
  | { readonly name: 'step'; readonly every: number; readonly factor: number }
  | { readonly name: 'cosine'; readonly finalFactor: number }
  | { readonly name: 'exponential'; readonly factor: number }

export interface ResolvedEarlyStopping {
  readonly monitor: 'validation-loss' | 'validation-accuracy'
  readonly patience: number
  readonly minDelta: number
  readonly restoreBest: boolean
}

export interface Training {
  readonly epochs: number
  readonly batchSize: number
  readonly optimizer: ResolvedOptimizer
  readonly schedule: ResolvedSchedule
  readonly warmupEpochs: number
  /** Null: gradients are not clipped. */
  readonly clipNorm: number | null
  /** Null: every training row is trained on. */
  readonly validationFraction: number | null
  /** Null: all epochs are run and the last is taken. */
  readonly earlyStopping: ResolvedEarlyStopping | null
  /** Null: rows are taken as they are. */
  readonly augmentation: ResolvedAugmentation | null
}

function resolveOptimizer(spec: TrainingSpec['optimizer']): ResolvedOptimizer {
  switch (spec?.name) {
    case 'sgd':
      return {
        name: 'sgd',
        learningRate: spec.learningRate ?? 0.01,
        momentum: spec.momentum ?? 0,
        nesterov: spec.nesterov ?? false,
        weightDecay: spec.weightDecay ?? 0,
      }
    case 'rmsprop':
      return {
        name: 'rmsprop',
        learningRate: spec.learningRate ?? 0.001,
        rho: spec.rho ?? 0.99,
        epsilon: spec.epsilon ?? 1e-8,
        weightDecay: spec.weightDecay ?? 0,
      }
    case 'adam':
    case 'adamw':
    case undefined: {
      const name = spec?.name ?? 'adam'
      return {
        name,
        learningRate: spec?.learningRate ?? 0.001,
        beta1: spec?.beta1 ?? 0.9,
        beta2: spec?.beta2 ?? 0.999,
        epsilon: spec?.epsilon ?? 1e-8,
        weightDecay: spec?.weightDecay ?? (name === 'adamw' ? 0.01 : 0),
      }
    }
  }
}

function resolveSchedule(spec: TrainingSpec['schedule']): ResolvedSchedule {
  switch (spec?.name) {
    case 'step':
      return { name: 'step', every: spec.every, factor: spec.factor ?? 0.1 }
    case 'cosine':
      return { name: 'cosine', finalFactor: spec.finalFactor ?? 0 }
    case 'exponential':
      return { name: 'exponential', factor: spec.factor ?? 0.95 }
    case 'constant':
    case undefined:
      return { name: 'constant' }
  }
}

/** Null: no row is set aside. */
export const validationFractionOf = (spec: TrainingSpec = {}): number | null =>
  spec.validationFraction ?? (spec.earlyStopping ? 0.1 : null)

const resolveEarlyStopping = (
  spec: NonNullable<TrainingSpec['earlyStopping']>,
): ResolvedEarlyStopping => ({
  monitor: spec.monitor ?? 'validation-loss',
  patience: spec.patience ?? 5,
  minDelta: spec.minDelta ?? 0,
  restoreBest: spec.restoreBest ?? true,
})

/**
 * Fills in every default.
 * @param rows the fewest that a training of the job has: a batch that nobody asked for never exceeds it
 * @param inputShape of a row, which a shift by a fraction is measured against
 */
export const resolveTraining = (
  spec: TrainingSpec = {},
  rows: number,
  inputShape: Shape = [],
): Training => ({
  epochs: spec.epochs ?? 20,
  batchSize: spec.batchSize ?? Math.min(64, rows),
  optimizer: resolveOptimizer(spec.optimizer),
  schedule: resolveSchedule(spec.schedule),
  warmupEpochs: spec.warmupEpochs ?? 0,
  clipNorm: spec.clipNorm ?? null,
  validationFraction: validationFractionOf(spec),
  earlyStopping: spec.earlyStopping ? resolveEarlyStopping(spec.earlyStopping) : null,
  augmentation: resolveAugmentation(spec.augmentation, inputShape),
})
