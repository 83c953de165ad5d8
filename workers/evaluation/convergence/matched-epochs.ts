/** How long a control may train for what distillation costs. */
import type { TrainingRecord } from '../../trainer-contract.ts'

/** As many epochs as a spec can ask for. */
const MOST_EPOCHS = 10_000

/**
 * Epochs of a control that takes the seconds of the teacher and of the distilled student together. An epoch of the
 * control is taken to last as long as one of the distilled student, which also asks the teacher: an upper bound, so the
 * control gets a little less time rather than more work than it could do.
 * @param epochs that the distilled student could run
 */
export function longerTraining(
  epochs: number,
  teacher: TrainingRecord,
  distilled: TrainingRecord,
): number {
  if (!(distilled.seconds > 0)) return epochs
  const factor = (teacher.seconds + distilled.seconds) / distilled.seconds
  return Math.min(MOST_EPOCHS, Math.max(epochs, Math.round(epochs * factor)))
}
