/** The report of a job: every number a pure function of held-out logits, labels and the spec. */
import { type Static, Type } from 'typebox'
import { Latency } from './latency.ts'
import { strict } from './schema.ts'

const Metric = (description: string) => Type.Union([Type.Number(), Type.Null()], { description })

export const Metrics = Type.Object(
  {
    accuracy: Metric('Share of rows whose largest logit is the label, 0 to 1.'),
    macroF1: Metric(
      'Mean of the F1 of all classes; a class without rows and predictions counts 0.',
    ),
    nll: Metric('Mean negative log-likelihood of the label at temperature 1, in nats.'),
    agreement: Metric(
      "Share of rows on which the largest logit is the teacher's, 0 to 1; null for the teacher itself.",
    ),
  },
  { ...strict },
)
export type Metrics = Static<typeof Metrics>
export type MetricName = keyof Metrics

export const Summary = Type.Object(
  {
    mean: Type.Union([Type.Number(), Type.Null()]),
    standardDeviation: Type.Union([Type.Number(), Type.Null()], {
      description: 'Of the sample (n - 1); null for n < 2.',
    }),
    n: Type.Integer({ description: 'Folds behind the numbers.' }),
  },
  { ...strict },
)
export type Summary = Static<typeof Summary>

const MetricSummaries = Type.Object(
  { accuracy: Summary, macroF1: Summary, nll: Summary, agreement: Summary },
  { ...strict },
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

export const ArmReport = Type.Object(
  {
    parameters: Type.Union([Type.Integer(), Type.Null()], {
      description: 'Trainable weights; null for a given teacher that does not tell.',
    }),
    weightBytes: Type.Union([Type.Integer(), Type.Null()], {
      description: 'All weights as float32; null for a given teacher that does not tell.',
    }),
    metrics: MetricSummaries,
    latency: Type.Union([Latency, Type.Null()], {
      description: 'Of the delivered network; null for recorded outputs.',
    }),
    validation: Type.Union([Type.Array(ValidatedTraining), Type.Null()], {
      description: 'Of each training of the arm; null where no training row was set aside.',
    }),
  },
  { ...strict },
)
export type ArmReport = Static<typeof ArmReport>

const measurementFields = {
  heldOutRows: Type.Integer(),
  trainingRows: Type.Integer({
    description: 'Of the students. The teacher has rows of omitted classes too.',
  }),
  teacher: Metrics,
  distilled: Metrics,
  control: Type.Union([Metrics, Type.Null()]),
}
export const Measurement = Type.Object(measurementFields, { ...strict })
export type Measurement = Static<typeof Measurement>

// Only teacher and student are timed.
const { latency: _latency, ...measuredFields } = ArmReport.properties

const networkFields = {
  index: Type.Integer({ description: 'From 0, in the order of the spec.' }),
  ...measuredFields,
  folds: Type.Array(Type.Object({ fold: Type.Integer(), ...Metrics.properties }, { ...strict })),
  final: Type.Union([Metrics, Type.Null()], {
    description: 'Of the final network, where finals are measured.',
  }),
}

export const MemberReport = Type.Object(
  {
    ...networkFields,
    isGiven: Type.Boolean({
      description: 'A stored model, which may have seen held-out rows; else trained in the job.',
    }),
    weight: Type.Object(Summary.properties, {
      ...strict,
      description: 'Its share in the answers of the teacher.',
    }),
  },
  { ...strict },
)
export type MemberReport = Static<typeof MemberReport>

export const EnsembleReport = Type.Object(
  {
    weights: Type.Enum(['average', 'given', 'inner-validation']),
    members: Type.Array(MemberReport),
    fits: Type.Union(
      [
        Type.Array(
          Type.Object(
            {
              fold: Type.Union([Type.Integer(), Type.Null()]),
              rows: Type.Integer({ description: 'Set aside, on which the weights were found.' }),
              nll: Type.Number({ description: 'Of the mixture on these rows, in nats.' }),
              averageNll: Type.Number({ description: 'Of the plain average on these rows.' }),
            },
            { ...strict },
          ),
        ),
        Type.Null(),
      ],
      { description: 'Null where the weights were not found on rows.' },
    ),
  },
  { ...strict, description: 'The members of the teacher, where it is an ensemble.' },
)
export type EnsembleReport = Static<typeof EnsembleReport>

export const AssistantReport = Type.Object(networkFields, { ...strict })
export type AssistantReport = Static<typeof AssistantReport>

export const ReportWarning = Type.Object(
  { code: Type.String(), message: Type.String() },
  { ...strict },
)
export type ReportWarning = Static<typeof ReportWarning>

const OmittedClass = Type.Object(
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

export const Report = Type.Object(
  {
    version: Type.Literal(1),
    dataset: Type.Object(
      {
        id: Type.String(),
        name: Type.String(),
        contentSha256: Type.String(),
        rows: Type.Integer(),
        inputShape: Type.Array(Type.Integer()),
        classNames: Type.Array(Type.String()),
      },
      { ...strict },
    ),
    evaluation: Type.Object(
      {
        protocol: Type.Enum(['k-fold', 'holdout', 'test-set']),
        folds: Type.Integer({ description: '0 where there are none.' }),
        stratified: Type.Boolean(),
        splitSha256: Type.Union([Type.String(), Type.Null()], {
          description:
            'Of the fold of every row (uint32 little-endian; 4294967295 for "never held out").',
        }),
        teacherPerFold: Type.Enum(['retrain', 'frozen']),
        labelledFraction: Type.Number(),
        seed: Type.Integer(),
      },
      { ...strict },
    ),
    stamps: Type.Array(Type.String(), {
      description: 'What a reader must know before any number.',
    }),
    arms: Type.Object(
      { teacher: ArmReport, distilled: ArmReport, control: Type.Union([ArmReport, Type.Null()]) },
      { ...strict, description: 'Over the folds; without folds, of the final networks.' },
    ),
    ensemble: Type.Optional(EnsembleReport),
    chain: Type.Optional(
      Type.Array(AssistantReport, {
        description:
          'Assistants in the order in which they were taught; agreement is with the teacher of the job.',
      }),
    ),
    gain: Type.Union([MetricSummaries, Type.Null()], {
      description: 'Distilled minus control, paired by fold; for nll less is better.',
    }),
    folds: Type.Array(Type.Object({ fold: Type.Integer(), ...measurementFields }, { ...strict })),
    final: Type.Union([Measurement, Type.Null()], {
      description: 'The delivered networks on the test set or the held-out part; null without one.',
    }),
    omitted: Type.Optional(
      Type.Array(OmittedClass, {
        description:
          'Of each network and omitted class; absent where no class was taken out of the transfer set.',
      }),
    ),
    warnings: Type.Array(ReportWarning),
  },
  { ...strict, $id: 'Report' },
)
export type Report = Static<typeof Report>
