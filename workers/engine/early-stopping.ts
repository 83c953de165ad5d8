/** When a training ends before its last epoch, and which epoch was the best. */
import type { ResolvedEarlyStopping } from '../../src/domain/training.ts'

/** Of one epoch, on the inner validation rows. */
export interface Validation {
  /** Mean cross-entropy with the labels, in nats. */
  readonly loss: number
  readonly accuracy: number
}

/**
 * Measures logits against labels, in float64.
 * @param logits `[labels.length, classes]`
 */
export function validationOf(
  logits: Float32Array,
  labels: Int32Array,
  classes: number,
): Validation {
  let loss = 0
  let correct = 0
  for (const [row, label] of labels.entries()) {
    const own = logits.subarray(row * classes, (row + 1) * classes)
    const largest = own.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY)
    const sum = own.reduce((total, logit) => total + Math.exp(logit - largest), 0)
    loss += largest + Math.log(sum) - (own[label] as number)
    // The first of equals, as everywhere.
    if (own.indexOf(largest) === label) correct++
  }
  return { loss: loss / labels.length, accuracy: correct / labels.length }
}

export class EarlyStopping {
  readonly #rule: ResolvedEarlyStopping
  #best = Number.NEGATIVE_INFINITY
  /** From 1; 0 before there is one. */
  bestEpoch = 0

  constructor(rule: ResolvedEarlyStopping) {
    this.#rule = rule
  }

  /**
   * Takes the epochs in order. A loss that is no number is never an improvement.
   * @param epoch from 1
   * @returns whether the epoch is the best so far, and whether patience is at its end
   */
  observe(epoch: number, { loss, accuracy }: Validation): { isBest: boolean; isOver: boolean } {
    const { monitor, minDelta, patience } = this.#rule
    const score = monitor === 'validation-loss' ? -loss : accuracy
    const isBest = score > this.#best + minDelta
    if (isBest) {
      this.#best = score
      this.bestEpoch = epoch
    }
    return { isBest, isOver: epoch - this.bestEpoch >= patience }
  }
}
