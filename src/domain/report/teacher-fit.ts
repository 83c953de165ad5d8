/** How the teacher answers on rows it was trained on, and on rows it never saw. */
import { type Static, Type } from 'typebox'
import { strict } from '../schema.ts'
import { NullableNumber } from './interval.ts'

const Answers = Type.Object(
  {
    rows: Type.Integer({ description: 'Answers behind the numbers, of all folds.' }),
    accuracy: Type.Number(),
    nll: Type.Number({ description: 'In nats.' }),
    meanConfidence: Type.Number({ description: 'Mean of the largest probability.' }),
  },
  { ...strict },
)

const SoftLabels = Type.Object(
  {
    method: Type.String({ description: 'Of the term that reads them.' }),
    temperature: Type.Number(),
    meanLargest: Type.Number({
      description: 'Mean over the training rows of the largest soft label; 1: one-hot.',
    }),
    meanEntropy: Type.Number({ description: 'Mean entropy of the soft labels, in nats.' }),
  },
  { ...strict },
)

export const TeacherFit = Type.Object(
  {
    training: Type.Union([Answers, Type.Null()], {
      description:
        'On rows it was trained on; null for a given teacher, whose training rows are not known.',
    }),
    heldOut: Answers,
    softLabels: Type.Array(SoftLabels, {
      description: 'Of each temperature in the objective, on the rows that train the students.',
    }),
    shift: NullableNumber('nll of heldOut minus nll of training, in nats.'),
  },
  { ...strict },
)
export type TeacherFit = Static<typeof TeacherFit>
