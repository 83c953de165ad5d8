/** Tests of every two arms. */

import { CONFIDENCE_LEVEL } from '../../../src/domain/report/interval.ts'
import { METRIC_NAMES } from '../../../src/domain/report/metrics.ts'
import {
  type Comparison,
  type CorrectedT,
  SIGNIFICANCE_LEVEL,
  type Significance,
} from '../../../src/domain/report/significance.ts'
import type { ComparedArm } from '../../../src/domain/words.ts'
import { RESAMPLES } from '../statistics/bootstrap.ts'
import { holm } from '../statistics/holm.ts'
import { exactMcNemar, pairOutcomes } from '../statistics/mcnemar.ts'
import { armsOfParts } from './arms.ts'
import { differenceOf, heldOutRatio } from './fold-differences.ts'
import type { MeasuredPart } from './measured-part.ts'
import { firstPredictions, type Pool } from './pool.ts'

/** In the order of the report: the first is what the job asks. */
const PAIRS = [
  ['distilled', 'control'],
  ['distilled', 'teacher'],
  ['teacher', 'control'],
] as const satisfies readonly (readonly [ComparedArm, ComparedArm])[]

function compare(
  parts: readonly MeasuredPart[],
  pool: Pool,
  first: ComparedArm,
  second: ComparedArm,
): Comparison | null {
  const folds = armsOfParts(parts, (part) => part.metrics)
  const [one, other] = [folds[first], folds[second]]
  const [ofOne, ofOther] = [pool.arms[first], pool.arms[second]]
  if (!one || !other || !ofOne || !ofOther) return null
  const ratio = heldOutRatio(parts)
  const outcomes = pairOutcomes(ofOne.right, ofOther.right, firstPredictions(pool))
  return {
    first,
    second,
    correctedT: METRIC_NAMES.map((metric) => ({
      metric,
      ...differenceOf(one, other, metric, ratio),
      pHolm: null,
    })),
    mcnemar: { ...outcomes, p: exactMcNemar(outcomes), pHolm: null },
  }
}

/** Adjusts the p-values of each test for all comparisons that have it. */
function adjust(comparisons: readonly Comparison[]): Comparison[] {
  const ofMcNemar = holm(comparisons.map(({ mcnemar }) => mcnemar.p))
  const ofT = METRIC_NAMES.map((_, metric) =>
    holm(comparisons.map(({ correctedT }) => correctedT[metric]?.p ?? null)),
  )
  return comparisons.map((comparison, index) => ({
    ...comparison,
    correctedT: comparison.correctedT.map(
      (test, metric): CorrectedT => ({ ...test, pHolm: ofT[metric]?.[index] ?? null }),
    ),
    mcnemar: { ...comparison.mcnemar, pHolm: ofMcNemar[index] ?? null },
  }))
}

/**
 * @param parts the folds, or the final alone
 * @param pool  of the same parts
 */
export function testDifferences(
  parts: readonly MeasuredPart[],
  pool: Pool,
  seed: number,
): Significance {
  const comparisons = PAIRS.flatMap(([first, second]) => compare(parts, pool, first, second) ?? [])
  return {
    level: SIGNIFICANCE_LEVEL,
    confidenceLevel: CONFIDENCE_LEVEL,
    bootstrap: {
      resamples: RESAMPLES,
      unit: pool.isGrouped ? 'group' : 'row',
      interval: 'percentile',
      seed,
    },
    comparisons: adjust(comparisons),
  }
}
