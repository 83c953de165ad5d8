/** How much more than the label soft labels say. */
import { confidenceOfRows } from './confidence.ts'
import { logProbabilities } from './log-probabilities.ts'

export interface Softness {
  /** Mean over rows of the largest soft label, 1 / classes to 1. */
  readonly meanLargest: number
  /** Mean over rows of −Σ p log p, 0 to log(classes) nats, as `scipy.stats.entropy(p, axis=1).mean()`. */
  readonly meanEntropy: number
}

/**
 * Of softmax(logits / temperature).
 *
 * @param logits `[rows, classes]`, finite, at least one row
 */
export function softness(logits: Float32Array, classes: number, temperature: number): Softness {
  const logs = logProbabilities(logits, classes, temperature)
  const rows = logs.length / classes
  return {
    meanLargest:
      confidenceOfRows(logits, classes, temperature).reduce((sum, one) => sum + one, 0) / rows,
    meanEntropy: logs.reduce((sum, log) => sum - Math.exp(log) * log, 0) / rows,
  }
}
