/** Top-5 accuracy. */
import { TOP_FIVE_CLASSES } from '../../../src/domain/report/metrics.ts'

/**
 * 1 where the label is among the five largest logits; null for so few classes that it says nothing. Their mean is
 * `sklearn.metrics.top_k_accuracy_score(labels, logits, k=5, labels=range(classes))`, which of equal logits takes the
 * later class first.
 *
 * @param logits `[rows, classes]`
 */
export function topFiveOfRows(
  logits: Float32Array,
  labels: Int32Array,
  classes: number,
): Uint8Array | null {
  if (classes < TOP_FIVE_CLASSES) return null
  return Uint8Array.from(labels, (label, row) => {
    const own = logits[row * classes + label] as number
    let ahead = 0
    for (let index = 0; index < classes; index++) {
      const other = logits[row * classes + index] as number
      if (other > own || (other === own && index > label)) ahead++
    }
    return ahead < 5 ? 1 : 0
  })
}
