/** What a network makes of a class that its transfer set left out. */
import { type Static, Type } from 'typebox'
import { strict } from '../schema.ts'

export const OmittedClass = Type.Object(
  {
    arm: Type.Enum(['teacher', 'distilled', 'control']),
    fold: Type.Union([Type.Integer(), Type.Null()], { description: 'Null: the final network.' }),
    class: Type.String(),
    omittedRows: Type.Integer({
      description: 'Training rows of the class that the students of the fold did not see.',
    }),
    heldOutRows: Type.Integer({ description: '0 where the network was not measured.' }),
    recall: Type.Union([Type.Number(), Type.Null()], {
      description: 'Share of the held-out rows of the class that were right.',
    }),
    rebalancing: Type.Union(
      [
        Type.Object(
          {
            biasShift: Type.Number({ description: 'Added to the bias of the logit, 0 or more.' }),
            targetShare: Type.Number({
              description: 'Of the training rows, omitted ones included, that belong to the class.',
            }),
            shareBefore: Type.Number({
              description: 'Of the same rows: taken for the class by the network as trained.',
            }),
            shareAfter: Type.Number(),
            recallBefore: Type.Union([Type.Number(), Type.Null()]),
            accuracyBefore: Type.Union([Type.Number(), Type.Null()], {
              description: 'Of all held-out rows, with the biases of all classes as trained.',
            }),
          },
          { ...strict },
        ),
        Type.Null(),
      ],
      { description: 'Null: the bias is as it was trained.' },
    ),
  },
  { ...strict },
)
export type OmittedClass = Static<typeof OmittedClass>
