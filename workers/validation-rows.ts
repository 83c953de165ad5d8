/** The inner validation part: training rows that are measured after each epoch instead of being trained on. */
import { usableLabels } from './engine/labelled-rows.ts'
import { deriveSeed, randomStream, shuffle } from './engine/random.ts'
import { apportion } from './evaluation/apportion.ts'

export interface InnerSplit {
  /** Ascending. */
  readonly training: Uint32Array
  /** Ascending. */
  readonly validation: Uint32Array
}

interface Setting {
  readonly fraction: number
  /** Share of the training rows whose label may be used. */
  readonly labelledFraction: number
  readonly seed: number
  readonly fold: number | null
  /** Of `validationRoleOf`: networks of one role set the same rows aside. */
  readonly role: string
}

/** The inner validation part of a training of a job. */
export function setAside(
  labels: Int32Array,
  trainingRows: Uint32Array,
  { fraction, labelledFraction, seed, fold, role }: Setting,
): InnerSplit {
  const usable = usableLabels(labels, trainingRows, labelledFraction, seed, fold)
  const seedOfPart = deriveSeed(seed, 'validation rows', role, fold)
  return innerSplit(usable, trainingRows, fraction, seedOfPart)
}

/**
 * Sets a stratified part of the labelled training rows aside. Only rows whose label may be used are taken: validation
 * reads labels, and a student that may know few of them must not learn more of them by the back door. Held-out rows
 * are never among the candidates.
 * @param usable label of each dataset row, −1 where it must not be used
 * @param trainingRows of the fold
 * @param fraction in (0, 1), of the labelled training rows; of each class with two of them at least one on each side
 * @throws RangeError when no row can be set aside
 */
export function innerSplit(
  usable: Int32Array,
  trainingRows: Uint32Array,
  fraction: number,
  seed: number,
): InnerSplit {
  const labelled = trainingRows.toSorted().filter((row) => (usable[row] as number) >= 0)
  const groups = [...Map.groupBy(labelled, (row) => usable[row] as number)].sort(
    ([one], [other]) => one - other,
  )
  const target = Math.max(1, Math.round(fraction * labelled.length))
  const shares = apportion(
    groups.map(([, rows]) => rows.length),
    target,
  )
  const chosen = new Set(
    groups.flatMap(([label, members], index) => {
      const rows = Uint32Array.from(members)
      shuffle(rows, randomStream(deriveSeed(seed, 'class', label)))
      return [...rows.subarray(0, shares[index])]
    }),
  )
  if (chosen.size === 0)
    throw new RangeError(
      `no row can be set aside for validation: every class has fewer than 2 of the ${labelled.length} labelled training rows`,
    )
  return {
    training: trainingRows.filter((row) => !chosen.has(row)),
    validation: Uint32Array.from(chosen).toSorted(),
  }
}
