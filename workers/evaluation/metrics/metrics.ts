/** All metrics, from sums over rows. */
import type { Metrics } from '../../../src/domain/report/metrics.ts'
import { expectedCalibrationError } from './calibration.ts'
import { meanF1 } from './per-class.ts'
import type { RowScores } from './row-scores.ts'
import { onceEach, type Tally, tally } from './tally.ts'

export function metricsOf(sums: Tally): Metrics {
  const { rows, teacher } = sums
  return {
    accuracy: sums.right / rows,
    top5Accuracy: sums.topFive === null ? null : sums.topFive / rows,
    ...meanF1(sums),
    nll: sums.nll / rows,
    brier: sums.brier / rows,
    ece: expectedCalibrationError(sums),
    meanConfidence: sums.confidence / rows,
    agreement: teacher && teacher.agrees / rows,
    agreementOnTeacherErrors:
      teacher && teacher.errors > 0 ? teacher.sharedErrors / teacher.errors : null,
    klFromTeacher: teacher && teacher.kl / rows,
  }
}

/** Of every row once. */
export const measure = (scores: RowScores): Metrics =>
  metricsOf(tally(scores, onceEach(scores.labels.length)))
