/**
 * What each step of a training gives besides the new state, as a row of numbers: the unweighted value of each term of
 * the objective, and the number of labelled rows that were right. Norms of gradients are not among them: XLA adds up a
 * tensor one number after the other, which cost a fifth of the speed of small networks. They are measured once an epoch,
 * see `gradient-probe.ts`.
 */

/** Numbers of a step. */
export const measurementCount = (terms: number): number => terms + 1

export interface StepMeasurements {
  /** Unweighted, in the order of the objective. */
  readonly terms: readonly number[]
  readonly correct: number
}

/**
 * Reads one step.
 * @param rows `[steps, measurementCount(terms)]`
 */
export function measurementsOf(rows: Float32Array, step: number, terms: number): StepMeasurements {
  const start = step * measurementCount(terms)
  return {
    terms: [...rows.subarray(start, start + terms)],
    correct: rows[start + terms] as number,
  }
}
