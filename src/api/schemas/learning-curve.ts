/** A point of a learning curve: `EpochMetrics` of the trainer contract. */
import { type Static, Type } from 'typebox'

const OrNull = (description: string) => Type.Union([Type.Number(), Type.Null()], { description })

const TermPoint = Type.Object({
  value: Type.Number({ description: 'Mean over the epoch, unweighted.' }),
  weighted: Type.Number({ description: 'Mean over the epoch of weight times value.' }),
  gradientNorm: Type.Number({
    description:
      'Euclidean norm of the gradient of the weighted term over all trainable weights, before clipping: of the first batch of the epoch, before its step.',
  }),
})

export const EpochPointSchema = Type.Object({
  epoch: Type.Integer({ description: 'From 1.' }),
  step: Type.Integer({ description: 'Finished steps.' }),
  learningRate: Type.Number({ description: 'Of the last step.' }),
  loss: Type.Number({ description: 'Sum of the weighted terms.' }),
  terms: Type.Array(TermPoint, {
    description: 'In the order of the objective, or of the stage that the epoch belongs to.',
  }),
  gradientNorm: Type.Number({ description: 'As of a term, of all of them together.' }),
  trainAccuracy: OrNull('Of the training rows with a usable label, measured while training.'),
  validationLoss: OrNull('On the inner validation rows, in nats; null without them.'),
  validationAccuracy: OrNull('On the inner validation rows; null without them.'),
  seconds: Type.Number(),
})
export type EpochPoint = Static<typeof EpochPointSchema>
