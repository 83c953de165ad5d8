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

const weighted = (values: Uint8Array | Float64Array, weights: Uint32Array): number => {
  let sum = 0
  for (let row = 0; row < values.length; row++)
    sum += (values[row] as number) * (weights[row] as number)
  return sum
}

function add(sums: Float64Array, index: number, value: number): void {
  sums[index] = (sums[index] as number) + value
}

function perClass({ labels, predictions, right, classes }: RowScores, weights: Uint32Array) {
  const sums = {
    right: new Float64Array(classes),
    support: new Float64Array(classes),
    predicted: new Float64Array(classes),
  }
  for (let row = 0; row < labels.length; row++) {
    const weight = weights[row] as number
    const label = labels[row] as number
    add(sums.support, label, weight)
    add(sums.predicted, predictions[row] as number, weight)
    add(sums.right, label, weight * (right[row] as number))
  }
  return sums
}

function perBin({ bin, right, confidence }: RowScores, weights: Uint32Array) {
  const sums = {
    rows: new Float64Array(CALIBRATION_BINS),
    right: new Float64Array(CALIBRATION_BINS),
    confidence: new Float64Array(CALIBRATION_BINS),
  }
  for (let row = 0; row < bin.length; row++) {
    const weight = weights[row] as number
    const index = bin[row] as number
    add(sums.rows, index, weight)
    add(sums.right, index, weight * (right[row] as number))
    add(sums.confidence, index, weight * (confidence[row] as number))
  }
  return sums
}

function withTeacher({ teacher }: RowScores, weights: Uint32Array): Tally['teacher'] {
  if (teacher === null) return null
  const { agrees, teacherErrs, kl } = teacher
  let sharedErrors = 0
  for (let row = 0; row < agrees.length; row++)
    sharedErrors +=
      (agrees[row] as number) * (teacherErrs[row] as number) * (weights[row] as number)
  return {
    agrees: weighted(agrees, weights),
    errors: weighted(teacherErrs, weights),
    sharedErrors,
    kl: weighted(kl, weights),
  }
}

/** Every row once. */
export const onceEach = (rows: number): Uint32Array => new Uint32Array(rows).fill(1)

/** @param weights `[rows]` */
export function tally(scores: RowScores, weights: Uint32Array): Tally {
  return {
    rows: weights.reduce((sum, weight) => sum + weight, 0),
    right: weighted(scores.right, weights),
    topFive: scores.topFive && weighted(scores.topFive, weights),
    nll: weighted(scores.nll, weights),
    brier: weighted(scores.brier, weights),
    confidence: weighted(scores.confidence, weights),
    teacher: withTeacher(scores, weights),
    perClass: perClass(scores, weights),
    bins: perBin(scores, weights),
  }
}
