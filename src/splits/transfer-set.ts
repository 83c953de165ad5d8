/** The rows a student trains on. */

interface TransferSet {
  /** In the order they came in. */
  readonly training: Uint32Array
  readonly omitted: Uint32Array
}

/**
 * Takes the rows of some classes out of the training rows of a fold. Held-out rows are not concerned: what the student
 * makes of the classes that it never saw is to be measured.
 * @param omittedClasses indices
 */
export function transferSet(
  trainingRows: Uint32Array,
  labels: Int32Array,
  omittedClasses: readonly number[],
): TransferSet {
  const without = new Set(omittedClasses)
  const isOmitted = (row: number): boolean => without.has(labels[row] as number)
  return {
    training: trainingRows.filter((row) => !isOmitted(row)),
    omitted: trainingRows.filter(isOmitted),
  }
}
