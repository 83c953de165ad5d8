/**
 * What each step of a training gives besides the new state, as a row of numbers: the unweighted value of each term of
 * the objective, the number of labelled rows that were right, and half the square of the gradient's norm.
 */

/** Numbers of a step. */
export const measurementCount = (terms: number): number => terms + 2

export interface StepMeasurements {
  /** Unweighted, in the order of the objective. */
  readonly terms: readonly number[]
  readonly correct: number
  /** Euclidean, over the gradients of all trainable weights together, before clipping and weight decay. */
  readonly gradientNorm: number
}

/**
 * Reads one step.
 * @param rows `[steps, measurementCount(terms)]`
 */
export function measurementsOf(rows: Float32Array, step: number, terms: number): StepMeasurements {
  const start = step * measurementCount(terms)
  const values = rows.subarray(start, start + terms)
  return {
    terms: [...values],
    correct: rows[start + terms] as number,
    gradientNorm: Math.sqrt(2 * (rows[start + terms + 1] as number)),
  }
}
