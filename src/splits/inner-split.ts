/** The inner validation part: training rows that are measured after each epoch instead of being trained on. */
import { apportion } from './apportion.ts'
import { assignGroups } from './assign-groups.ts'
import { deriveSeed, randomStream, shuffle } from './random.ts'

export interface InnerSplit {
  /** Ascending. */
  readonly training: Uint32Array
  /** Ascending. */
  readonly validation: Uint32Array
  /**
   * Ascending: rows without a usable label whose group is set aside. They are neither measured nor trained on; empty where
   * there are no groups.
   */
  readonly unused: Uint32Array
}

/** A stratified part of the rows; of each class with two of them at least one on each side. */
function chooseRows(
  usable: Int32Array,
  labelled: Uint32Array,
  target: number,
  seed: number,
): Set<number> {
  const classes = [...Map.groupBy(labelled, (row) => usable[row] as number)].sort(
    ([one], [other]) => one - other,
  )
  const shares = apportion(
    classes.map(([, rows]) => rows.length),
    target,
  )
  return new Set(
    classes.flatMap(([label, members], index) => {
      const rows = Uint32Array.from(members)
      shuffle(rows, randomStream(deriveSeed(seed, 'class', label)))
      return [...rows.subarray(0, shares[index])]
    }),
  )
}

/** Groups that are set aside: about `fraction` of the labelled rows and of each class of them. */
function chooseGroups(
  usable: Int32Array,
  labelled: Uint32Array,
  fraction: number,
  seed: number,
  groups: Int32Array,
): Set<number> {
  const groupOf = (row: number): number => groups[row] as number
  const parts = assignGroups(
    Int32Array.from(labelled, groupOf),
    Int32Array.from(labelled, (row) => usable[row] as number),
    [fraction, 1 - fraction],
    randomStream(deriveSeed(seed, 'groups')),
  )
  return new Set([...labelled].filter((_, index) => parts[index] === 0).map(groupOf))
}

/**
 * Sets a stratified part of the labelled training rows aside. Only rows whose label may be used are taken: validation
 * reads labels, and a student that may know few of them must not learn more of them by the back door. Held-out rows
 * are never among the candidates. With groups whole ones are set aside, as close to the share of every class as they allow.
 * @param usable label of each dataset row, −1 where it must not be used
 * @param trainingRows of the fold
 * @param fraction in (0, 1), of the labelled training rows; of each class with two of them at least one on each side
 * @param groups group of each dataset row; null where rows of one may be on both sides
 * @throws RangeError when no row can be set aside
 */
export function innerSplit(
  usable: Int32Array,
  trainingRows: Uint32Array,
  fraction: number,
  seed: number,
  groups: Int32Array | null = null,
): InnerSplit {
  const rows = trainingRows.toSorted()
  const labelled = rows.filter((row) => (usable[row] as number) >= 0)
  if (groups) {
    const aside = chooseGroups(usable, labelled, fraction, seed, groups)
    const isAside = (row: number): boolean => aside.has(groups[row] as number)
    const isLabelled = (row: number): boolean => (usable[row] as number) >= 0
    return {
      training: trainingRows.filter((row) => !isAside(row)),
      validation: rows.filter((row) => isAside(row) && isLabelled(row)),
      unused: rows.filter((row) => isAside(row) && !isLabelled(row)),
    }
  }
  const target = Math.max(1, Math.round(fraction * labelled.length))
  const chosen = chooseRows(usable, labelled, target, seed)
  if (chosen.size === 0)
    throw new RangeError(
      `no row can be set aside for validation: every class has fewer than 2 of the ${labelled.length} labelled training rows`,
    )
  return {
    training: trainingRows.filter((row) => !chosen.has(row)),
    validation: Uint32Array.from(chosen).toSorted(),
    unused: new Uint32Array(),
  }
}
