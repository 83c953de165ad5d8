/** Which training rows a student may use the label of. */
import { deriveSeed, randomStream, shuffle } from './random.ts'

/** Stands in place of a label that must not be used. */
const UNKNOWN_LABEL = -1

/**
 * Hides the labels of all rows but a stratified part of the training rows: of each class, `fraction` of its training
 * rows, rounded, and at least one. Follows from the arguments alone, so that distilled and control know the same labels.
 * @param fraction in (0, 1]
 * @returns label of each dataset row, {@link UNKNOWN_LABEL} where it must not be used
 */
export function usableLabels(
  labels: Int32Array,
  trainingRows: Uint32Array,
  fraction: number,
  seed: number,
  fold: number | null,
): Int32Array {
  const usable = new Int32Array(labels.length).fill(UNKNOWN_LABEL)
  // Ascending, so that the choice depends on the set of training rows and not on their order.
  const byClass = Map.groupBy(trainingRows.toSorted(), (row) => labels[row] as number)
  for (const [label, members] of byClass) {
    const rows = Uint32Array.from(members)
    shuffle(rows, randomStream(deriveSeed(seed, 'labelled rows', fold, label)))
    const known = Math.max(1, Math.round(fraction * rows.length))
    for (const row of rows.subarray(0, known)) usable[row] = label
  }
  return usable
}
