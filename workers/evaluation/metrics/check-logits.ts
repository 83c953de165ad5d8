/** Refuses what cannot be measured, before anything is. */
import { MeasurementError } from '../measurement-error.ts'

/**
 * @param logits `[rows, classes]`
 * @param labels `[rows]`, 0 to classes − 1
 * @throws MeasurementError for logits that are not finite or not as many as expected, and for labels out of range
 */
export function checkLogits(logits: Float32Array, labels: Int32Array, classes: number): void {
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
