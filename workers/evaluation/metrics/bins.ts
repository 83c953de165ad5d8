/** Equal-width bins of confidence. */
import { CALIBRATION_BINS } from '../../../src/domain/report/metrics.ts'

/** Bin `index` is (index / 15, (index + 1) / 15]. */
export const binEdge = (index: number): number => index / CALIBRATION_BINS

/**
 * Bin of each confidence, 0 to 14, as `numpy.digitize(confidence, numpy.arange(1, 15) / 15, right=True)`.
 *
 * @param confidences in (0, 1]
 */
export const binOfRows = (confidences: Float64Array): Uint8Array =>
  Uint8Array.from(confidences, (confidence) => {
    const guess = Math.min(Math.floor(confidence * CALIBRATION_BINS), CALIBRATION_BINS - 1)
    // The product may round across an edge, and an edge itself belongs to the bin below.
    if (confidence <= binEdge(guess)) return Math.max(guess - 1, 0)
    return confidence > binEdge(guess + 1) ? Math.min(guess + 1, CALIBRATION_BINS - 1) : guess
  })
