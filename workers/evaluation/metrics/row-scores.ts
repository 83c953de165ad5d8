/** Everything that metrics need of each row, computed once: sums over any rows, or over resampled ones, follow quickly. */
import { argmax } from './argmax.ts'
import { binOfRows } from './bins.ts'
import { brierOfRows } from './brier.ts'
import { checkLogits } from './check-logits.ts'
import { confidenceOfRows } from './confidence.ts'
import { klOfRows } from './kl.ts'
import { logProbabilities } from './log-probabilities.ts'
import { nllOfRows } from './nll.ts'
import { topFiveOfRows } from './top-five.ts'

/** What a student is compared with, on the same rows. */
export interface TeacherScores {
  /** 1 where the student says what the teacher says. */
  readonly agrees: Uint8Array
  /** 1 where the teacher is wrong. */
  readonly teacherErrs: Uint8Array
  readonly kl: Float64Array
}

/** Each `[rows]`. */
export interface RowScores {
  readonly classes: number
  readonly labels: Int32Array
  readonly predictions: Int32Array
  /** 1 where the prediction is the label. */
  readonly right: Uint8Array
  /** Null for five classes or fewer. */
  readonly topFive: Uint8Array | null
  readonly nll: Float64Array
  readonly brier: Float64Array
  readonly confidence: Float64Array
  readonly bin: Uint8Array
  /** Null for the teacher itself. */
  readonly teacher: TeacherScores | null
}

/**
 * @param logits `[rows, classes]`, finite
 * @param labels `[rows]`, 0 to classes − 1
 * @param teacherLogits of the same rows; null for the teacher itself
 * @throws MeasurementError for logits that are not finite or not as many as expected, and for labels out of range
 */
export function scoreRows(
  logits: Float32Array,
  labels: Int32Array,
  classes: number,
  teacherLogits: Float32Array | null,
): RowScores {
  checkLogits(logits, labels, classes)
  const logs = logProbabilities(logits, classes)
  const predictions = argmax(logits, classes)
  const confidence = confidenceOfRows(logits, classes)
  let teacher: TeacherScores | null = null
  if (teacherLogits) {
    checkLogits(teacherLogits, labels, classes)
    const said = argmax(teacherLogits, classes)
    teacher = {
      agrees: Uint8Array.from(predictions, (prediction, row) => (prediction === said[row] ? 1 : 0)),
      teacherErrs: Uint8Array.from(labels, (label, row) => (label === said[row] ? 0 : 1)),
      kl: klOfRows(logProbabilities(teacherLogits, classes), logs, classes),
    }
  }
  return {
    classes,
    labels,
    predictions,
    right: Uint8Array.from(labels, (label, row) => (label === predictions[row] ? 1 : 0)),
    topFive: topFiveOfRows(logits, labels, classes),
    nll: nllOfRows(logs, labels, classes),
    brier: brierOfRows(logs, labels, classes),
    confidence,
    bin: binOfRows(confidence),
    teacher,
  }
}
