/** What a student is trained for: a weighted sum of terms, each with a method. */
import { type Static, Type } from 'typebox'
import { discriminated, strict } from './schema.ts'

const Weight = Type.Optional(
  Type.Number({
    minimum: 0,
    maximum: 1e6,
    default: 1,
    description: 'Factor of the term in the sum.',
  }),
)

const SoftTargets = Type.Object(
  {
    method: Type.Literal('soft-targets'),
    weight: Weight,
    temperature: Type.Optional(
      Type.Number({
        minimum: 0.01,
        maximum: 1000,
        default: 4,
        description: 'Divides the logits of student and teacher; usual range 1 to 20.',
      }),
    ),
  },
  { ...strict, title: 'soft-targets' },
)
const HardLabels = Type.Object(
  {
    method: Type.Literal('hard-labels'),
    weight: Weight,
    labelSmoothing: Type.Optional(
      Type.Number({
        minimum: 0,
        exclusiveMaximum: 1,
        default: 0,
        description: 'Share of the target that is spread over all classes evenly.',
      }),
    ),
  },
  { ...strict, title: 'hard-labels' },
)

const Term = discriminated('method', [SoftTargets, HardLabels])
export const Objective = Type.Object(
  { terms: Type.Array(Term, { minItems: 1, maxItems: 16 }) },
  { ...strict, description: 'Default: 0.9 soft-targets at temperature 4, and 0.1 hard-labels.' },
)
export type Objective = Static<typeof Objective>

export type ResolvedTerm =
  | { readonly method: 'soft-targets'; readonly weight: number; readonly temperature: number }
  | { readonly method: 'hard-labels'; readonly weight: number; readonly labelSmoothing: number }
export type Method = ResolvedTerm['method']

export interface MethodDescription {
  readonly formula: string
  readonly summary: string
  readonly needsTeacher: boolean
  readonly needsLabels: boolean
  /** JSON schema of a term with this method. */
  readonly term: object
  readonly citation: string
}

/** Every method there is; the engine must have a loss for each, which the compiler checks. */
export const METHODS = {
  'soft-targets': {
    formula:
      'T² · mean_b Σ_c p_bc (log p_bc − log q_bc), p = softmax(teacher / T), q = softmax(student / T)',
    summary: "Match the teacher's class probabilities, softened by a temperature.",
    needsTeacher: true,
    needsLabels: false,
    term: SoftTargets,
    citation: 'Hinton, Vinyals & Dean 2015, arXiv:1503.02531, section 2',
  },
  'hard-labels': {
    formula:
      'mean_b ((1 − ε) (logsumexp z_b − z_b,y) + ε mean_c (logsumexp z_b − z_bc)) over the rows whose label is known, ε = labelSmoothing',
    summary: 'Cross-entropy with the labels of the dataset.',
    needsTeacher: false,
    needsLabels: true,
    term: HardLabels,
    citation: 'Standard',
  },
} as const satisfies Record<Method, MethodDescription>

const DEFAULT_OBJECTIVE: Objective = {
  terms: [
    { method: 'soft-targets', weight: 0.9, temperature: 4 },
    { method: 'hard-labels', weight: 0.1 },
  ],
}

function resolveTerm(term: Static<typeof Term>): ResolvedTerm {
  const weight = term.weight ?? 1
  switch (term.method) {
    case 'soft-targets':
      return { method: 'soft-targets', weight, temperature: term.temperature ?? 4 }
    case 'hard-labels':
      return { method: 'hard-labels', weight, labelSmoothing: term.labelSmoothing ?? 0 }
  }
}

/** Fills in every default. */
export const resolveObjective = (objective: Objective = DEFAULT_OBJECTIVE): ResolvedTerm[] =>
  objective.terms.map(resolveTerm)

/** What the control arm and a teacher are trained for. */
export const LABELS_ONLY: readonly ResolvedTerm[] = [
  { method: 'hard-labels', weight: 1, labelSmoothing: 0 },
]
