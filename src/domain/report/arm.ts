/** What is known of the networks of one arm, over all folds. */
import { type Static, type TSchema, Type } from 'typebox'
import { Latency } from '../latency.ts'
import { strict } from '../schema.ts'
import { NullableNumber } from './interval.ts'
import { MetricSummaries } from './metrics.ts'

/** The same of every arm; a job without a control has null for it. */
export const PerArm = <Schema extends TSchema>(of: Schema, description?: string) =>
  Type.Object(
    { teacher: of, distilled: of, control: Type.Union([of, Type.Null()]) },
    { ...strict, ...(description === undefined ? {} : { description }) },
  )

const ValidatedTraining = Type.Object(
  {
    fold: Type.Union([Type.Integer(), Type.Null()], { description: 'Null: the final training.' }),
    rows: Type.Integer({ description: 'Set aside of the training rows.' }),
    epochs: Type.Integer({ description: 'That were run.' }),
    stoppedEpoch: Type.Union([Type.Integer(), Type.Null()], {
      description: 'Where early stopping ended the training; null: all epochs were run.',
    }),
    bestEpoch: Type.Union([Type.Integer(), Type.Null()], {
      description: 'By what early stopping monitors; null without early stopping.',
    }),
    takenEpoch: Type.Integer({ description: 'Whose weights are measured and delivered.' }),
  },
  { ...strict },
)

const TapSimilarity = Type.Object(
  {
    studentTap: Type.String(),
    teacherTap: Type.String(),
    value: Type.Number({ description: '0 to 1.' }),
  },
  { ...strict },
)

export const ArmReport = Type.Object(
  {
    parameters: Type.Union([Type.Integer(), Type.Null()], {
      description: 'Trainable weights; null for a given teacher that does not tell.',
    }),
    weightBytes: Type.Union([Type.Integer(), Type.Null()], {
      description: 'All weights as float32; null for a given teacher that does not tell.',
    }),
    flops: NullableNumber(
      'Of one row, forward: two for each multiply-add of dense and convolution kernels; null for a given teacher that does not tell.',
    ),
    latency: Type.Union([Latency, Type.Null()], {
      description:
        'Of the delivered network; null for recorded outputs, and where it was not measured.',
    }),
    trainingSeconds: NullableNumber(
      'Of a training, mean over the folds; null where nothing was trained.',
    ),
    metrics: MetricSummaries('Over the folds; without folds, of the final.'),
    tapSimilarity: Type.Union([Type.Array(TapSimilarity), Type.Null()], {
      description:
        "Linear CKA of layers with the teacher's on held-out rows (Kornblith et al. 2019); null where no activations were recorded.",
    }),
    validation: Type.Union([Type.Array(ValidatedTraining), Type.Null()], {
      description: 'Of each training of the arm; null where no training row was set aside.',
    }),
  },
  { ...strict, $id: 'ReportArm' },
)
export type ArmReport = Static<typeof ArmReport>
