/** What is measured of one network on one set of rows: the list that report, API and documentation share. */
import { type Static, type TSchema, Type } from 'typebox'
import { strict } from '../schema.ts'
import { Estimate, NullableNumber, Summary } from './interval.ts'

/** Equal widths on (0, 1], of the largest probability. */
export const CALIBRATION_BINS = 15
/** Top-5 says nothing of fewer classes than this. */
export const TOP_FIVE_CLASSES = 6

interface MetricCard {
  readonly description: string
  /** null: neither is better as such. */
  readonly better: 'higher' | 'lower' | null
  /** rate: 0 to 1, to be shown in percent. */
  readonly unit: 'rate' | 'nats' | 'squared'
}

export const METRICS = {
  accuracy: {
    description:
      'Share of rows whose largest logit is the label, 0 to 1; of equal logits the first counts.',
    better: 'higher',
    unit: 'rate',
  },
  top5Accuracy: {
    description:
      'Share of rows whose label is among the five largest logits, 0 to 1; of equal logits the later one counts as larger, as in scikit-learn. Null for five classes or fewer.',
    better: 'higher',
    unit: 'rate',
  },
  macroF1: {
    description: 'Mean of the F1 of all classes; a class without rows and predictions counts 0.',
    better: 'higher',
    unit: 'rate',
  },
  weightedF1: {
    description: 'Mean of the F1 of all classes, each weighted by its rows.',
    better: 'higher',
    unit: 'rate',
  },
  nll: {
    description: 'Mean negative log-likelihood of the label at temperature 1, in nats.',
    better: 'lower',
    unit: 'nats',
  },
  brier: {
    description:
      'Mean over rows of the sum over classes of (probability - 1 for the label, else 0) squared, 0 to 2.',
    better: 'lower',
    unit: 'squared',
  },
  ece: {
    description:
      'Expected calibration error, 0 to 1: mean of |accuracy - mean confidence| of 15 equal-width bins of the largest probability, weighted by their rows.',
    better: 'lower',
    unit: 'rate',
  },
  meanConfidence: {
    description: 'Mean of the largest probability at temperature 1, 0 to 1.',
    better: null,
    unit: 'rate',
  },
  agreement: {
    description:
      "Share of rows on which the largest logit is the teacher's, 0 to 1; null for the teacher itself.",
    better: null,
    unit: 'rate',
  },
  agreementOnTeacherErrors: {
    description:
      'Agreement on the rows that the teacher gets wrong: shared mistakes, 0 to 1. Null for the teacher itself, and where it makes none.',
    better: null,
    unit: 'rate',
  },
  klFromTeacher: {
    description:
      'Mean KL(teacher || student) of the probabilities at temperature 1, in nats; null for the teacher itself.',
    better: 'lower',
    unit: 'nats',
  },
} as const satisfies Record<string, MetricCard>
export type MetricName = keyof typeof METRICS
export const METRIC_NAMES = Object.keys(METRICS) as readonly MetricName[]

/** One value for each metric, in the order of {@link METRICS}. */
export function byMetric<Value>(of: (name: MetricName) => Value): Record<MetricName, Value> {
  return Object.fromEntries(METRIC_NAMES.map((name) => [name, of(name)])) as Record<
    MetricName,
    Value
  >
}

export const Metrics = Type.Object(
  byMetric((name) => NullableNumber(METRICS[name].description)),
  { ...strict, $id: 'ReportMetrics' },
)
export type Metrics = Static<typeof Metrics>

/** Written once in documents, for all metrics. */
const eachMetric = <Schema extends TSchema>(schema: Schema, description: string) =>
  Type.Unsafe<Record<MetricName, Static<Schema>>>({
    type: 'object',
    description,
    required: [...METRIC_NAMES],
    propertyNames: { enum: [...METRIC_NAMES] },
    additionalProperties: schema,
  })

export const MetricSummaries = (description: string) => eachMetric(Summary, description)
export type MetricSummaries = Record<MetricName, Summary>

export const MetricEstimates = (description: string) => eachMetric(Estimate, description)
export type MetricEstimates = Record<MetricName, Estimate>
