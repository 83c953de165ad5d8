/** McNemar's test: do two networks get different rows right? */
import { fairCoinTwoSided } from './distributions.ts'

export interface PairedOutcomes {
  readonly rows: number
  readonly bothRight: number
  readonly onlyFirstRight: number
  readonly onlySecondRight: number
  readonly bothWrong: number
}

/**
 * Counts rows by who is right.
 *
 * @param first  `[rows]`, 1 where right
 * @param second `[rows]`, 1 where right
 * @param counted rows to count; others are left out
 */
export function pairOutcomes(
  first: Uint8Array,
  second: Uint8Array,
  counted: Uint32Array,
): PairedOutcomes {
  const cells: [number, number, number, number] = [0, 0, 0, 0]
  for (const row of counted) {
    const cell = 2 * (first[row] ?? 0) + (second[row] ?? 0)
    cells[cell] = (cells[cell] ?? 0) + 1
  }
  const [bothWrong, onlySecondRight, onlyFirstRight, bothRight] = cells
  return { rows: counted.length, bothRight, onlyFirstRight, onlySecondRight, bothWrong }
}

/**
 * Exact two-sided p that both are right equally often (McNemar 1947): where only one is right, either is with
 * probability 1/2. As `scipy.stats.binomtest(onlyFirstRight, onlyFirstRight + onlySecondRight).pvalue`; 1 where they
 * never differ. It is about two networks and independent rows. With groups of related rows it finds too much, and on
 * the pooled folds of a cross-validation too, whose networks share training rows: 11 % instead of 5 % of simulated
 * experiments without any difference. The corrected t is the test for those.
 */
export const exactMcNemar = ({ onlyFirstRight, onlySecondRight }: PairedOutcomes): number =>
  fairCoinTwoSided(onlyFirstRight, onlyFirstRight + onlySecondRight)
