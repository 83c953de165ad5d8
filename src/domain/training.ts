/** How a network is trained: optimizer, schedule and budget. */
import { type Static, Type } from 'typebox'
import { discriminated, strict } from './schema.ts'

const LearningRate = Type.Optional(
  Type.Number({
    exclusiveMinimum: 0,
    maximum: 100,
    description: 'At the start. Default 0.001 for adam, 0.01 for sgd.',
  }),
)

export const Optimizer = discriminated('name', [
  Type.Object(
    {
      name: Type.Literal('sgd'),
      learningRate: LearningRate,
      momentum: Type.Optional(
        Type.Number({
          minimum: 0,
          exclusiveMaximum: 1,
          default: 0,
          description: "PyTorch's form: v = momentum v + g; w = w - rate v.",
        }),
      ),
    },
    { ...strict, title: 'sgd' },
  ),
  Type.Object(
    {
      name: Type.Literal('adam'),
      learningRate: LearningRate,
      beta1: Type.Optional(Type.Number({ minimum: 0, exclusiveMaximum: 1, default: 0.9 })),
      beta2: Type.Optional(Type.Number({ minimum: 0, exclusiveMaximum: 1, default: 0.999 })),
      epsilon: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1, default: 1e-8 })),
    },
    {
      ...strict,
      title: 'adam',
      description: 'Kingma & Ba 2015, algorithm 1, with bias correction.',
    },
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
])

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
  },
  { ...strict },
)
export type TrainingSpec = Static<typeof TrainingSpec>

export type ResolvedOptimizer =
  | { readonly name: 'sgd'; readonly learningRate: number; readonly momentum: number }
  | {
      readonly name: 'adam'
      readonly learningRate: number
      readonly beta1: number
      readonly beta2: number
      readonly epsilon: number
    }

export type ResolvedSchedule =
  | { readonly name: 'constant' }
  | { readonly name: 'step'; readonly every: number; readonly factor: number }
  | { readonly name: 'cosine'; readonly finalFactor: number }

export interface Training {
  readonly epochs: number
  readonly batchSize: number
  readonly optimizer: ResolvedOptimizer
  readonly schedule: ResolvedSchedule
}

function resolveOptimizer(spec: TrainingSpec['optimizer']): ResolvedOptimizer {
  switch (spec?.name) {
    case 'sgd':
      return { name: 'sgd', learningRate: spec.learningRate ?? 0.01, momentum: spec.momentum ?? 0 }
    case 'adam':
    case undefined:
      return {
        name: 'adam',
        learningRate: spec?.learningRate ?? 0.001,
        beta1: spec?.beta1 ?? 0.9,
        beta2: spec?.beta2 ?? 0.999,
        epsilon: spec?.epsilon ?? 1e-8,
      }
  }
}

function resolveSchedule(spec: TrainingSpec['schedule']): ResolvedSchedule {
  switch (spec?.name) {
    case 'step':
      return { name: 'step', every: spec.every, factor: spec.factor ?? 0.1 }
    case 'cosine':
      return { name: 'cosine', finalFactor: spec.finalFactor ?? 0 }
    case 'constant':
    case undefined:
      return { name: 'constant' }
  }
}

/**
 * Fills in every default.
 * @param rows the fewest that a training of the job has: a batch that nobody asked for never exceeds it
 */
export const resolveTraining = (spec: TrainingSpec = {}, rows: number): Training => ({
  epochs: spec.epochs ?? 20,
  batchSize: spec.batchSize ?? Math.min(64, rows),
  optimizer: resolveOptimizer(spec.optimizer),
  schedule: resolveSchedule(spec.schedule),
})
