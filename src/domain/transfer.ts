/** The transfer set: the rows a student trains on, and what it may know about them. */
import { type Static, Type } from 'typebox'
import { strict } from './schema.ts'

export const TransferSpec = Type.Object(
  {
    labelledFraction: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 1,
        default: 1,
        description:
          'Share of the training rows whose label the student may use; a stratified part, the same for the control. Soft targets cover all rows, and a teacher trained in the job knows all labels.',
      }),
    ),
    omitClasses: Type.Optional(
      Type.Array(Type.String(), {
        minItems: 1,
        maxItems: 1000,
        description:
          'Names of classes whose rows are taken out of the transfer set, of the control too. The teacher keeps them, and all held-out rows are measured: what the student says of these classes it has from the answers of the teacher about others.',
      }),
    ),
    rebalanceOmitted: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          'After the training, raise the bias of the logit of each omitted class until as large a share of the training rows, omitted ones included, is taken for the class as belongs to it. Reads the frequency of the omitted classes and no label of a row; never a held-out row. The delivered weights hold the new bias.',
      }),
    ),
  },
  { ...strict },
)
export type TransferSpec = Static<typeof TransferSpec>

export interface ResolvedTransfer {
  readonly labelledFraction: number
  /** Names; absent: every class is in the transfer set. */
  readonly omitClasses?: readonly string[]
  /** Absent: biases stay as they were trained. */
  readonly rebalanceOmitted?: true
}

/** Class indices, ascending. */
export const omittedClasses = (
  { omitClasses = [] }: ResolvedTransfer,
  classNames: readonly string[],
): number[] => classNames.flatMap((name, index) => (omitClasses.includes(name) ? [index] : []))
