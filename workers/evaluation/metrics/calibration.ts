/** Whether confidence is what it claims to be. */
import type { ReliabilityBin } from '../../../src/domain/report/pooled.ts'
import { binEdge } from './bins.ts'
import type { Tally } from './tally.ts'

/**
 * Expected calibration error, 0 to 1 (Guo et al. 2017, eq. 3): Σ over bins of (rows in bin / rows) · |accuracy − mean
 * confidence|, which is Σ |right − Σ confidence| / rows.
 */
export function expectedCalibrationError({ bins, rows }: Tally): number {
  let sum = 0
  for (let index = 0; index < bins.rows.length; index++)
    sum += Math.abs((bins.right[index] as number) - (bins.confidence[index] as number))
  return sum / rows
}

/** The points of the reliability diagram. */
export const reliability = ({ bins }: Tally): ReliabilityBin[] =>
  Array.from(bins.rows, (count, index) => ({
    low: binEdge(index),
    high: binEdge(index + 1),
    count,
    meanConfidence: count === 0 ? null : (bins.confidence[index] ?? 0) / count,
    accuracy: count === 0 ? null : (bins.right[index] ?? 0) / count,
  }))
