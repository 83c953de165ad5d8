/** How a job is evaluated: which rows are held out, what the student is compared with, and what the teacher may have seen. */
import { type Static, Type } from 'typebox'
import { strict } from './schema.ts'

export const PROTOCOLS = ['k-fold', 'holdout', 'test-set'] as const

export const CONTROL_BUDGETS = ['same-epochs', 'matched-seconds'] as const

export const TEACHERS_PER_FOLD = ['retrain', 'frozen', 'cross-fit'] as const
export type TeacherPerFold = (typeof TEACHERS_PER_FOLD)[number]

export const EvaluationSpec = Type.Object(
  {
    protocol: Type.Optional(
      Type.Enum([...PROTOCOLS], {
        default: 'k-fold',
        description:
          'k-fold: every row is held out once. holdout: one part of the rows is held out. test-set: all rows train, another dataset tests.',
      }),
    ),
    folds: Type.Optional(
      Type.Integer({ minimum: 2, maximum: 50, default: 5, description: 'Of k-fold.' }),
    ),
    heldOutFraction: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        exclusiveMaximum: 1,
        default: 0.2,
        description: 'Of holdout: share of the rows that is held out.',
      }),
    ),
    stratified: Type.Optional(
      Type.Boolean({
        default: true,
        description: 'Keep the share of every class the same in all parts.',
      }),
    ),
    repeats: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 20,
        default: 1,
        description: 'Of k-fold: how often the rows are cut into folds anew, by another seed.',
      }),
    ),
    groups: Type.Optional(
      Type.Union([Type.Boolean(), Type.String({ minLength: 1, maxLength: 200 })], {
        default: false,
        description:
          'true, or the name of the group column of the dataset: rows of one group are never on both sides of a split.',
      }),
    ),
    control: Type.Optional(
      Type.Boolean({
        default: true,
        description: 'Train the same student without the teacher too.',
      }),
    ),
    controlBudget: Type.Optional(
      Type.Enum([...CONTROL_BUDGETS], {
        default: 'same-epochs',
        description:
          "same-epochs: the control differs from the student in nothing but the teacher. matched-seconds: it trains for as many epochs more as fit into the seconds of the teacher's training; its schedule is stretched over them.",
      }),
    ),
    teacherPerFold: Type.Optional(
      Type.Enum([...TEACHERS_PER_FOLD], {
        description:
          'retrain: the teacher of a fold never saw its held-out rows; default for a teacher that the job trains. cross-fit: the same, and the soft labels of each training row come from a teacher that did not see this row either. frozen: one teacher for all folds, and the report is stamped so; the only choice where every teacher is given.',
      }),
    ),
    innerFolds: Type.Optional(
      Type.Integer({
        minimum: 2,
        maximum: 10,
        default: 3,
        description: 'Of cross-fit: parts that the training rows of each training are cut into.',
      }),
    ),
    testSet: Type.Optional(
      Type.Object(
        { id: Type.String() },
        {
          ...strict,
          description: 'A dataset that no fold touches; the final networks are measured on it.',
        },
      ),
    ),
  },
  { ...strict },
)
export type EvaluationSpec = Static<typeof EvaluationSpec>

interface Drawn {
  readonly stratified: boolean
  readonly seed: number
}

/**
 * Which rows are held out. A pure function of labels, groups and this.
 * `grouped` is there only where rows of one group must stay together, `repeats` only where it is above 1: a split without
 * them is written as it always was.
 */
export type Split = { readonly grouped?: true } & (
  | (Drawn & { readonly kind: 'k-fold'; readonly folds: number; readonly repeats?: number })
  | (Drawn & { readonly kind: 'holdout'; readonly fraction: number })
  | { readonly kind: 'none' }
)

/** Parts that the rows are cut into at a time; 0 where there are no folds. */
export const foldsOf = (split: Split): number => (split.kind === 'k-fold' ? split.folds : 0)

/** How often the rows are cut into folds; 0 where there are none. */
export const repeatsOf = (split: Split): number =>
  split.kind === 'k-fold' ? (split.repeats ?? 1) : 0

/** Folds are counted on from one repeat to the next: which one a fold belongs to, from 0. */
export const repeatOf = (split: Split, fold: number): number =>
  Math.floor(fold / Math.max(foldsOf(split), 1))

export interface Evaluation {
  readonly split: Split
  readonly control: boolean
  readonly controlBudget: (typeof CONTROL_BUDGETS)[number]
  readonly teacherPerFold: TeacherPerFold
  /** There only with cross-fit: teachers that share the training rows of each training. */
  readonly innerFolds?: number
  readonly testSet: string | null
}
