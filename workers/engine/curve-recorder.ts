/** The learning curve of a training, for those who read it when it has ended. */
import type { EpochMetrics, TrainingRecord } from '../trainer-contract.ts'

export class CurveRecorder {
  readonly #epochs: TrainingRecord['epochs'][number][] = []
  #seconds = 0

  add({ step, seconds, validationAccuracy, validationLoss }: EpochMetrics): void {
    this.#seconds += seconds
    this.#epochs.push({ step, seconds: this.#seconds, validationAccuracy, validationLoss })
  }

  /** @param seconds of the training as a whole */
  record(seconds: number): TrainingRecord {
    return { seconds, epochs: this.#epochs }
  }
}
