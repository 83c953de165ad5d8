/** The predictions of all measured rows, joined. */
import { joinScores } from '../metrics/join-scores.ts'
import type { RowScores } from '../metrics/row-scores.ts'
import { type Units, unitsOf } from '../statistics/bootstrap.ts'
import { armsOfParts, type ByArm, mapArms } from './arms.ts'
import type { MeasuredPart } from './measured-part.ts'

export interface Pool {
  readonly arms: ByArm<RowScores>
  /** Row of the dataset or of the test set behind each prediction. */
  readonly rows: Uint32Array
  /** What the bootstrap draws: groups, or rows with all their predictions. */
  readonly units: Units
  readonly isGrouped: boolean
}

/**
 * @param parts  at least one
 * @param groups group of each row; null where rows are independent
 */
export function poolParts(parts: readonly MeasuredPart[], groups: Int32Array | null): Pool {
  const rows = Uint32Array.from(parts.flatMap((part) => [...part.rows]))
  return {
    arms: mapArms(
      armsOfParts(parts, (part) => part.scores),
      joinScores,
    ),
    rows,
    units: unitsOf(groups ? Array.from(rows, (row) => groups[row] ?? -1) : rows),
    isGrouped: groups !== null,
  }
}

/** The first prediction of every row: of repeated folds those of the first repeat. */
export function firstPredictions({ rows }: Pool): Uint32Array {
  const seen = new Set<number>()
  return Uint32Array.from(
    [...rows.keys()].filter((prediction) => {
      const row = rows[prediction] as number
      if (seen.has(row)) return false
      seen.add(row)
      return true
    }),
  )
}
