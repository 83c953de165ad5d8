/** All measured rows together: of all folds (each row by the networks that never trained on it), or of the final. */
import { type Static, Type } from 'typebox'
import { reference, strict } from '../schema.ts'
import { PerArm } from './arm.ts'
import { Estimate, NullableNumber } from './interval.ts'
import { MetricEstimates } from './metrics.ts'

/** A matrix of more classes is left out; the most frequent confusions stay. */
export const MATRIX_CLASSES = 100
export const LISTED_CONFUSIONS = 20

export const ClassMetrics = Type.Object(
  {
    class: Type.Integer({ description: 'Index into dataset.classNames.' }),
    support: Type.Integer({ description: 'Rows of the class.' }),
    predicted: Type.Integer({ description: 'Rows that were called this class.' }),
    precision: Type.Number({ description: '0 where nothing was called this class.' }),
    recall: Type.Number({ description: '0 where the class has no row.' }),
    f1: Type.Number({ description: '0 where precision and recall are.' }),
  },
  { ...strict },
)
export type ClassMetrics = Static<typeof ClassMetrics>

export const ReliabilityBin = Type.Object(
  {
    low: Type.Number({ description: 'Exclusive.' }),
    high: Type.Number({ description: 'Inclusive.' }),
    count: Type.Integer(),
    meanConfidence: NullableNumber('Of the rows in the bin; null for an empty one.'),
    accuracy: NullableNumber('Of the rows in the bin; null for an empty one.'),
  },
  { ...strict, description: 'Of the largest probability at temperature 1.' },
)
export type ReliabilityBin = Static<typeof ReliabilityBin>

const Confused = Type.Object(
  {
    label: Type.Integer(),
    predicted: Type.Integer(),
    count: Type.Integer(),
  },
  { ...strict },
)

export const Confusion = Type.Object(
  {
    counts: Type.Union([Type.Array(Type.Array(Type.Integer())), Type.Null()], {
      description: `[label][predicted]; null for more than ${MATRIX_CLASSES} classes.`,
    }),
    mostConfused: Type.Array(Confused, {
      description: `Wrong predictions by pair, most frequent first, at most ${LISTED_CONFUSIONS}.`,
    }),
  },
  { ...strict },
)
export type Confusion = Static<typeof Confusion>

export const PooledArm = Type.Object(
  {
    metrics: MetricEstimates(
      'accuracy of independent rows has a wilson interval, the others have bootstrap intervals.',
    ),
    perClass: Type.Array(ClassMetrics),
    reliability: Type.Array(ReliabilityBin, { description: 'The bins behind ece.' }),
    confusion: Confusion,
  },
  { ...strict, $id: 'ReportPooledArm' },
)
export type PooledArm = Static<typeof PooledArm>

export const ClassDifference = Type.Object(
  { class: Type.Integer(), precision: Estimate, recall: Estimate, f1: Estimate },
  { ...strict },
)
export type ClassDifference = Static<typeof ClassDifference>

export const PooledDifference = Type.Object(
  { metrics: MetricEstimates('Differences.'), perClass: Type.Array(ClassDifference) },
  {
    ...strict,
    $id: 'ReportPooledDifference',
    description: 'Paired by row; bootstrap intervals.',
  },
)
export type PooledDifference = Static<typeof PooledDifference>

export const Pooled = Type.Object(
  {
    rows: Type.Integer({ description: 'Different rows.' }),
    predictions: Type.Integer({ description: 'Of each arm: rows times repeats.' }),
    groups: Type.Union([Type.Integer(), Type.Null()], {
      description: 'Resampled as wholes by the bootstrap; null where rows are resampled.',
    }),
    arms: PerArm(reference(PooledArm)),
    gain: Type.Union([reference(PooledDifference), Type.Null()], {
      description: 'Distilled minus control; null without a control.',
    }),
    /** Distilled minus teacher. */
    loss: reference(PooledDifference),
  },
  { ...strict, $id: 'ReportPooled' },
)
export type Pooled = Static<typeof Pooled>
