/** Weights of terms that were made comparable. */
import { Type } from 'typebox'
import { strict } from '../schema.ts'

export const SuggestedTraining = Type.Object(
  {
    fold: Type.Union([Type.Integer(), Type.Null()], { description: 'Null: the final training.' }),
    stages: Type.Array(
      Type.Array(
        Type.Object(
          {
            method: Type.String(),
            gradientNorm: Type.Number({
              description:
                'Of the term with a weight of 1, before the first step: mean over batches.',
            }),
            factor: Type.Number({ description: 'By which the given weight was multiplied.' }),
            weight: Type.Unknown({ description: 'What came of it: a number or a schedule.' }),
          },
          { ...strict },
        ),
      ),
      { description: 'Terms in the order of the objective; one stage where there are none.' },
    ),
  },
  { ...strict },
)
