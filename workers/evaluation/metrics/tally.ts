/** Sums over rows, each counted as often as its weight says: what every metric is computed from. */
import { CALIBRATION_BINS } from '../../../src/domain/report/metrics.ts'
import type { RowScores } from './row-scores.ts'

export interface Tally {
  readonly rows: number
  readonly right: number
  /** Null for five classes or fewer. */
  readonly topFive: number | null
  readonly nll: number
  readonly brier: number
  readonly confidence: number
  /** Null for the teacher itself. */
  readonly teacher: {
    readonly agrees: number
    readonly errors: number
    /** Rows on which the student says the same wrong class as the teacher. */
    readonly sharedErrors: number
    readonly kl: number
  } | null
  /** `[classes]` each. */
  readonly perClass: {
    readonly right: Float64Array
    readonly support: Float64Array
    readonly predicted: Float64Array
  }
  /** `[bins]` each. */
  readonly bins: {
    readonly rows: Float64Array
    readonly right: Float64Array
    readonly confidence: Float64Array
  }
}

function add(sums: Float64Array, index: number, value: number): void {
  sums[index] = (sums[index] as number) + value
}

/** Every row once. */
export const onceEach = (rows: number): Uint32Array => new Uint32Array(rows).fill(1)

/**
 * In one pass over the rows, since the bootstrap does it a thousand times an arm.
 *
 * @param weights `[rows]`
 */
export function tally(scores: RowScores, weights: Uint32Array): Tally {
  const { labels, predictions, right, nll, brier, confidence, bin, classes } = scores
  // Where there is nothing to count, something is counted that is left out below.
  const topFive = scores.topFive ?? right
  const { agrees, teacherErrs, kl } = scores.teacher ?? {
    agrees: right,
    teacherErrs: right,
    kl: nll,
  }
  const sums = { rows: 0, topFive: 0, nll: 0, brier: 0, confidence: 0 }
  const teacher = { agrees: 0, errors: 0, sharedErrors: 0, kl: 0 }
  const perClass = {
    right: new Float64Array(classes),
    support: new Float64Array(classes),
    predicted: new Float64Array(classes),
  }
  const bins = {
    rows: new Float64Array(CALIBRATION_BINS),
    right: new Float64Array(CALIBRATION_BINS),
    confidence: new Float64Array(CALIBRATION_BINS),
  }
  for (let row = 0; row < labels.length; row++) {
    const weight = weights[row] as number
    if (weight === 0) continue
    const label = labels[row] as number
    const index = bin[row] as number
    const hits = weight * (right[row] as number)
    const sure = weight * (confidence[row] as number)
    const missed = weight * (teacherErrs[row] as number)
    sums.rows += weight
    sums.topFive += weight * (topFive[row] as number)
    sums.nll += weight * (nll[row] as number)
    sums.brier += weight * (brier[row] as number)
    sums.confidence += sure
    teacher.agrees += weight * (agrees[row] as number)
    teacher.errors += missed
    teacher.sharedErrors += missed * (agrees[row] as number)
    teacher.kl += weight * (kl[row] as number)
    add(perClass.support, label, weight)
    add(perClass.predicted, predictions[row] as number, weight)
    add(perClass.right, label, hits)
    add(bins.rows, index, weight)
    add(bins.right, index, hits)
    add(bins.confidence, index, sure)
  }
  return {
    ...sums,
    right: perClass.right.reduce((sum, hits) => sum + hits, 0),
    topFive: scores.topFive && sums.topFive,
    teacher: scores.teacher && teacher,
    perClass,
    bins,
  }
}
