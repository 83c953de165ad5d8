/** How a job is evaluated: which rows are held out, what the student is compared with, and what the teacher may have seen. */
import { type Static, Type } from 'typebox'
import { strict } from './schema.ts'

export const PROTOCOLS = ['k-fold', 'holdout', 'test-set'] as const

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
    control: Type.Optional(
      Type.Boolean({
        default: true,
        description: 'Train the same student without the teacher too.',
      }),
    ),
    teacherPerFold: Type.Optional(
      Type.Enum(['retrain', 'frozen'], {
        description:
          'retrain: the teacher of a fold never saw its held-out rows; default for a teacher that the job trains. frozen: one teacher for all folds, and the report is stamped so; the only choice where every teacher is given.',
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

/** Which rows are held out. A pure function of the labels and this. */
export type Split =
  | {
      readonly kind: 'k-fold'
      readonly folds: number
      readonly stratified: boolean
      readonly seed: number
    }
  | {
      readonly kind: 'holdout'
      readonly fraction: number
      readonly stratified: boolean
      readonly seed: number
    }
  | { readonly kind: 'none' }

export interface Evaluation {
  readonly split: Split
  readonly control: boolean
  readonly teacherPerFold: 'retrain' | 'frozen'
  readonly testSet: string | null
}
