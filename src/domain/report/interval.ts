/** Numbers with what is known of their uncertainty. */
import { type Static, Type } from 'typebox'
import { strict } from '../schema.ts'

export const NullableNumber = (description: string) =>
  Type.Union([Type.Number(), Type.Null()], { description })

/** Of all intervals of a report. */
export const CONFIDENCE_LEVEL = 0.95

export const INTERVAL_METHODS = ['corrected-t', 'wilson', 'bootstrap'] as const

export const Interval = Type.Object(
  {
    low: Type.Number(),
    high: Type.Number(),
    method: Type.Enum([...INTERVAL_METHODS], {
      description:
        'corrected-t: Student t over the folds, with the variance times 1/n + held-out rows / training rows (Nadeau and Bengio 2003; with repeats Bouckaert and Frank 2004). wilson: score interval of a share of independent rows. bootstrap: percentiles over resampled rows or groups, the same ones for all arms.',
    }),
  },
  { ...strict, description: 'Two-sided 95 % interval.' },
)
export type Interval = Static<typeof Interval>

export const NullableInterval = (description: string) =>
  Type.Union([Interval, Type.Null()], { description })

export const Summary = Type.Object(
  {
    mean: NullableNumber('Over the folds.'),
    standardDeviation: NullableNumber('Of the sample (n - 1); null for n < 2.'),
    n: Type.Integer({ description: 'Folds behind the numbers, of all repeats.' }),
    interval: NullableInterval(
      'corrected-t; null for n < 2, and where all folds have the same value, whose spread says nothing.',
    ),
  },
  { ...strict },
)
export type Summary = Static<typeof Summary>

export const Estimate = Type.Object(
  {
    value: NullableNumber('Over all measured rows together; null where it does not apply.'),
    interval: NullableInterval('Of the rows; null where there is no value.'),
  },
  { ...strict },
)
export type Estimate = Static<typeof Estimate>
