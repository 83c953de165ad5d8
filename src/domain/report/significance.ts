/** Whether differences between arms are more than luck. */
import { type Static, Type } from 'typebox'
import { strict } from '../schema.ts'
import { COMPARED_ARMS } from '../words.ts'
import { NullableInterval, NullableNumber } from './interval.ts'
import { METRIC_NAMES } from './metrics.ts'

/** A p-value below it is called significant. */
export const SIGNIFICANCE_LEVEL = 0.05

const PValue = (description: string) =>
  Type.Union([Type.Number({ minimum: 0, maximum: 1 }), Type.Null()], { description })

const Holm = PValue(
  'Of the same test, adjusted after Holm for all comparisons of this report that have one.',
)

const CorrectedT = Type.Object(
  {
    metric: Type.Enum([...METRIC_NAMES]),
    mean: NullableNumber('Of the differences, fold by fold.'),
    standardDeviation: NullableNumber('Of the differences (n - 1).'),
    n: Type.Integer({ description: 'Folds, of all repeats.' }),
    degreesOfFreedom: Type.Integer({ description: 'n - 1; 0 for fewer than two folds.' }),
    statistic: NullableNumber(
      'mean / sqrt((1/n + held-out rows / training rows) * standardDeviation^2); null for n < 2, and where all differences are equal.',
    ),
    interval: NullableInterval('Of the difference, with the same variance.'),
    p: PValue(
      'Two-sided. 1 where all differences are 0; null for n < 2, and where all are the same other number, since the variance is then unknown.',
    ),
    pHolm: Holm,
  },
  { ...strict },
)
export type CorrectedT = Static<typeof CorrectedT>

const McNemar = Type.Object(
  {
    rows: Type.Integer({
      description: 'Different rows; of repeated folds those of the first repeat.',
    }),
    bothRight: Type.Integer(),
    onlyFirstRight: Type.Integer(),
    onlySecondRight: Type.Integer(),
    bothWrong: Type.Integer(),
    p: Type.Number({
      description:
        'Exact and two-sided: binomial test of onlyFirstRight among the rows on which one alone is right.',
    }),
    pHolm: Holm,
  },
  { ...strict },
)
export type McNemar = Static<typeof McNemar>

export const Comparison = Type.Object(
  {
    first: Type.Enum([...COMPARED_ARMS]),
    second: Type.Enum([...COMPARED_ARMS], { description: 'Subtracted from the first.' }),
    correctedT: Type.Array(CorrectedT, {
      description:
        'One for each metric. Accuracy is the one that is asked about; p-values of the others are exploratory.',
    }),
    mcnemar: McNemar,
  },
  { ...strict },
)
export type Comparison = Static<typeof Comparison>

export const Significance = Type.Object(
  {
    level: Type.Number({ description: 'p below it is called significant.' }),
    confidenceLevel: Type.Number({ description: 'Of all intervals of this report.' }),
    bootstrap: Type.Object(
      {
        resamples: Type.Integer(),
        unit: Type.Enum(['row', 'group'], {
          description: 'What is drawn, with all its predictions.',
        }),
        interval: Type.Literal('percentile'),
        seed: Type.Integer(),
      },
      { ...strict },
    ),
    comparisons: Type.Array(Comparison, {
      description: 'distilled with control first, where there is one; then distilled with teacher.',
    }),
  },
  { ...strict },
)
export type Significance = Static<typeof Significance>
