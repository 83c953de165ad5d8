/** What a student is trained for: a weighted sum of terms, each with a method. */
import { Type } from 'typebox'
import type { OptionsOf } from './methods/cards.ts'
import {
  cardOf,
  defaultWeight,
  JOB_METHODS,
  type Method,
  needsLabels,
  needsTeacher,
  readsFeatures,
} from './methods/job-methods.ts'
import type { MethodCard, Variant } from './methods/method-card.ts'
import { termSchema } from './methods/term-schema.ts'
import { strict } from './schema.ts'
import {
  resolveScheduled,
  type ScheduledNumber,
  type ScheduledNumberSpec,
  UntilEpoch,
} from './term-schedule.ts'

/** Layers whose outputs a term compares, by name: one of each network, or several in the order of the layers. */
export interface Taps {
  readonly student: string | readonly string[]
  readonly teacher: string | readonly string[]
}

export const tapNames = (taps: string | readonly string[]): readonly string[] =>
  typeof taps === 'string' ? [taps] : taps

type WithTemperature<Options, Value> = {
  readonly [Name in keyof Options]: Name extends 'temperature' ? Value : Options[Name]
}

/** A term as a client sends it. */
export type TermSpec = {
  [M in Method]: {
    readonly method: M
    readonly weight?: ScheduledNumberSpec
    readonly untilEpoch?: number
    /** Only of methods that read features. */
    readonly taps?: Partial<Taps>
  } & Partial<WithTemperature<OptionsOf<M>, ScheduledNumberSpec>>
}[Method]

/** A term with every option; `taps` is there where the method reads features. */
export type TermOf<M extends Method> = {
  readonly method: M
  readonly weight: ScheduledNumber
  /** After so many epochs of the training or stage the weight is 0. */
  readonly untilEpoch?: number
  readonly taps?: Taps
} & WithTemperature<OptionsOf<M>, ScheduledNumber>
export type ResolvedTerm = { [M in Method]: TermOf<M> }[Method]

/**
 * Beside the default, what makes each kind. Weights are such that the added term is of the size of the others on small data
 * sets: with those of publications (hints 100, attention 1000) students of the digits became worse than with soft targets alone.
 */
const VARIANT_TERMS = {
  category: [
    { method: 'soft-targets', weight: 0.9, temperature: 4 },
    { method: 'hard-labels', weight: 0.1 },
  ],
  feature: [
    { method: 'feature-hint', weight: 1 },
    { method: 'soft-targets', weight: 0.9, temperature: 4 },
    { method: 'hard-labels', weight: 0.1 },
  ],
  'key-point': [
    { method: 'attention-transfer', weight: 10 },
    { method: 'soft-targets', weight: 0.9, temperature: 4 },
    { method: 'hard-labels', weight: 0.1 },
  ],
  prototypical: [
    { method: 'prototype-direction', weight: 2 },
    { method: 'soft-targets', weight: 0.9, temperature: 4 },
    { method: 'hard-labels', weight: 0.1 },
  ],
} as const satisfies Record<Variant, readonly TermSpec[]>

/** The terms that each variant stands for. */
export const VARIANTS: Readonly<Record<Variant, readonly TermSpec[]>> = VARIANT_TERMS

/** One of many kinds, and large: named, because objectives, stages and chains have terms. */
export const Term = Type.Unsafe<TermSpec>({
  $id: 'Term',
  type: 'object',
  oneOf: JOB_METHODS.map(termSchema),
  discriminator: { propertyName: 'method' },
  required: ['method'],
})
const Terms = Type.Array(Type.Unsafe<TermSpec>({ $ref: 'Term#' }), { minItems: 1, maxItems: 16 })

/** A part of the training with terms of its own, as a client sends it. */
export interface StageSpec {
  readonly epochs: number
  readonly terms: readonly TermSpec[]
}

export interface Objective {
  readonly terms?: readonly TermSpec[]
  readonly variant?: Variant
  readonly stages?: readonly StageSpec[]
  readonly distillUntilEpoch?: number
  readonly suggestWeights?: boolean | { readonly steps?: number }
}

/** Terms are made comparable by their gradients on the first batches. */
export interface SuggestWeights {
  readonly steps: number
}

const SUGGESTION_STEPS = 8

/** Null: weights stay as given. */
export function suggestionOf({ suggestWeights = false }: Objective = {}): SuggestWeights | null {
  if (suggestWeights === false) return null
  return { steps: (suggestWeights === true ? null : suggestWeights.steps) ?? SUGGESTION_STEPS }
}

export const Objective = Type.Unsafe<Objective>(
  Type.Object(
    {
      terms: Type.Optional(Terms),
      stages: Type.Optional(
        Type.Array(
          Type.Object(
            { epochs: Type.Integer({ minimum: 1, maximum: 10_000 }), terms: Terms },
            { ...strict },
          ),
          {
            minItems: 2,
            maxItems: 8,
            description:
              'Parts of the training, one after the other, each with terms of its own. Weights are carried over; optimizer and schedule start anew.',
          },
        ),
      ),
      variant: Type.Optional(
        Type.Enum(Object.keys(VARIANT_TERMS), {
          description: 'A kind of distillation by name: terms that work together.',
        }),
      ),
      distillUntilEpoch: Type.Optional({
        ...UntilEpoch,
        description:
          'The terms that need the teacher are switched off after so many epochs, and the others go on (early-stopped distillation). Not with stages.',
      }),
      suggestWeights: Type.Optional(
        Type.Unsafe<Objective['suggestWeights']>({
          type: ['boolean', 'object'],
          default: false,
          description:
            'Multiplies each weight by a factor, measured on the first batches before the first step, such that the gradients of the weighted terms are to each other as the given weights are. Chosen anew in each training and stage; recorded in the result of the task and in the report. An object chooses the number of batches.',
          properties: {
            steps: Type.Integer({
              minimum: 1,
              maximum: 1000,
              default: SUGGESTION_STEPS,
              description: 'Batches to measure; those of one epoch at most.',
            }),
          },
          additionalProperties: false,
        }),
      ),
    },
    {
      ...strict,
      minProperties: 1,
      description:
        'One of terms, a variant that stands for some, and stages with terms each. Default: 0.9 soft-targets at temperature 4, and 0.1 hard-labels.',
    },
  ),
)
/** A part of a training with terms of its own. */
export interface Stage {
  readonly epochs: number
  readonly objective: readonly ResolvedTerm[]
}

export interface MethodDescription extends MethodCard {
  readonly needsLabels: boolean
  /** JSON schema of a term with this method. */
  readonly term: object
}

/** Every method that a job can name. */
export const METHODS = Object.fromEntries(
  JOB_METHODS.map((method) => [
    method,
    { ...cardOf(method), needsLabels: needsLabels(method), term: termSchema(method) },
  ]),
) as unknown as Readonly<Record<Method, MethodDescription>>

/** The values that options have where a client says nothing. */
const defaultsOf = (method: Method): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(cardOf(method).options).map(([name, schema]) => [
      name,
      'default' in schema ? schema.default : undefined,
    ]),
  )

/** Fills in every default but taps, which depend on the networks. */
function resolveTerm({ method, weight, ...options }: TermSpec, epochs: number): ResolvedTerm {
  const all: Record<string, unknown> = { ...defaultsOf(method), ...options }
  if ('temperature' in all)
    all.temperature = resolveScheduled(all.temperature as ScheduledNumberSpec, epochs)
  const resolved = resolveScheduled(weight ?? defaultWeight(method), epochs)
  return { method, weight: resolved, ...all } as ResolvedTerm
}

/**
 * Fills in every default but taps, which `placeTaps` chooses. Terms of stages come one stage after the other.
 * @param epochs of a training without stages: where schedules end that do not say it
 */
export function resolveObjective(
  { terms, variant, stages, distillUntilEpoch }: Objective = {},
  epochs = 1,
): ResolvedTerm[] {
  if (stages)
    return stages.flatMap((stage) => stage.terms.map((term) => resolveTerm(term, stage.epochs)))
  const resolved = (terms ?? VARIANTS[variant ?? 'category']).map((term) =>
    resolveTerm(term, epochs),
  )
  if (distillUntilEpoch === undefined) return resolved
  return resolved.map((term) =>
    needsTeacher(term.method) ? { untilEpoch: distillUntilEpoch, ...term } : term,
  )
}

/** Gives the terms of {@link resolveObjective} back to their stages; null where there are none. */
export function inStages(
  { stages }: Objective = {},
  objective: readonly ResolvedTerm[],
): Stage[] | null {
  if (!stages) return null
  let start = 0
  return stages.map(({ epochs, terms }) => {
    const end = start + terms.length
    const stage = { epochs, objective: objective.slice(start, end) }
    start = end
    return stage
  })
}

/** Epochs of all stages together; null where there are none. */
export const epochsOfStages = ({ stages }: Objective = {}): number | null =>
  stages?.reduce((sum, { epochs }) => sum + epochs, 0) ?? null

/** Whether any term compares outputs of layers: the teacher then has to be a network that answers inside the step. */
export const comparesFeatures = (objective: readonly ResolvedTerm[]): boolean =>
  objective.some(({ method }) => readsFeatures(method))

/** What the control arm and a teacher are trained for. */
export const LABELS_ONLY: readonly ResolvedTerm[] = [
  { method: 'hard-labels', weight: 1, labelSmoothing: 0 },
]
