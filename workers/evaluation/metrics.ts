/** Metrics of a classifier from its logits, in float64. */
import type { Metrics } from '../../src/domain/report.ts'
import { MeasurementError } from './measurement-error.ts'

/**
 * Index of the largest logit of each row; of equal ones the lowest, as in NumPy.
 *
 * @param logits `[rows, classes]`
 */
export function argmax(logits: Float32Array, classes: number): Int32Array {
  const indices = new Int32Array(logits.length / classes)
  for (let row = 0; row < indices.length; row++) {
    let best = 0
    let largest = Number.NEGATIVE_INFINITY
    for (let index = 0; index < classes; index++) {
      const logit = logits[row * classes + index] ?? 0
      if (logit > largest) {
        best = index
        largest = logit
      }
    }
    indices[row] = best
  }
  return indices
}

/** Share of rows on which both are the same, 0 to 1. */
function agreement(a: Int32Array, b: Int32Array): number {
  if (a.length !== b.length)
    throw new RangeError(`${a.length} and ${b.length} rows cannot be compared`)
  return a.reduce((same, value, row) => same + (value === b[row] ? 1 : 0), 0) / a.length
}

/**
 * Mean over all classes of F1 = 2 TP / (2 TP + FP + FN), which counts 0 where a class was neither there nor predicted.
 * The same as scikit-learn's `f1_score(average='macro', labels=range(classes), zero_division=0)`.
 */
function macroF1(predictions: Int32Array, labels: Int32Array, classes: number): number {
  const right = new Float64Array(classes)
  // Rows labelled so plus rows predicted so: 2 TP + FP + FN.
  const mentions = new Float64Array(classes)
  for (const [row, label] of labels.entries()) {
    const prediction = predictions[row] ?? -1
    mentions[label] = (mentions[label] ?? 0) + 1
    mentions[prediction] = (mentions[prediction] ?? 0) + 1
    if (prediction === label) right[label] = (right[label] ?? 0) + 1
  }
  let sum = 0
  for (let index = 0; index < classes; index++)
    if (mentions[index]) sum += (2 * (right[index] ?? 0)) / (mentions[index] ?? 1)
  return sum / classes
}

/**
 * Mean of −log softmax(logits)[label], in nats; the largest logit is subtracted first, so nothing overflows.
 *
 * @param logits `[rows, classes]`
 */
function nll(logits: Float32Array, labels: Int32Array, classes: number): number {
  let sum = 0
  for (const [row, label] of labels.entries()) {
    const offset = row * classes
    let largest = Number.NEGATIVE_INFINITY
    for (let index = 0; index < classes; index++)
      largest = Math.max(largest, logits[offset + index] ?? 0)
    let total = 0
    for (let index = 0; index < classes; index++)
      total += Math.exp((logits[offset + index] ?? 0) - largest)
    sum += Math.log(total) - ((logits[offset + label] ?? 0) - largest)
  }
  return sum / labels.length
}

function check(logits: Float32Array, labels: Int32Array, classes: number): void {
  if (labels.length === 0) throw new MeasurementError('labels-size', 'no rows to measure')
  if (logits.length !== labels.length * classes)
    throw new MeasurementError(
      'logits-size',
      `${labels.length} rows of ${classes} classes need ${labels.length * classes} logits, got ${logits.length}`,
    )
  for (const [row, label] of labels.entries())
    if (label < 0 || label >= classes)
      throw new MeasurementError(
        'label-out-of-range',
        `label ${label} of row ${row} is not one of the ${classes} classes`,
      )
  const bad = logits.findIndex((logit) => !Number.isFinite(logit))
  if (bad >= 0)
    throw new MeasurementError(
      'logits-not-finite',
      `the network answered ${logits[bad]} for class ${bad % classes} of row ${Math.floor(bad / classes)}: its training diverged; lower the learning rate or normalise the input`,
    )
}

/**
 * Every metric of one network on one set of rows.
 *
 * @param logits  `[rows, classes]`, finite
 * @param labels  `[rows]`, 0 to classes − 1
 * @param teacher largest logit of the teacher on the same rows; null for the teacher itself
 * @throws MeasurementError for logits that are not finite or not as many as expected, and for labels out of range
 */
export function measure(
  logits: Float32Array,
  labels: Int32Array,
  classes: number,
  teacher: Int32Array | null,
): Metrics {
  check(logits, labels, classes)
  const predictions = argmax(logits, classes)
  return {
    accuracy: agreement(predictions, labels),
    macroF1: macroF1(predictions, labels, classes),
    nll: nll(logits, labels, classes),
    agreement: teacher && agreement(predictions, teacher),
  }
}
