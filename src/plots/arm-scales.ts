/** An arm looks the same in all plots: colour, shape and dash. */
import { COMPARED_ARMS, type ComparedArm } from '../domain/words.ts'
import type { Palette } from './theme.ts'

const SHAPES: Readonly<Record<ComparedArm, string>> = {
  teacher: 'diamond',
  distilled: 'circle',
  control: 'square',
}
const DASHES: Readonly<Record<ComparedArm, readonly number[]>> = {
  teacher: [2, 3],
  distilled: [1, 0],
  control: [6, 4],
}

/** Encodings of a field `arm`, for the arms that are there. */
export function armScales(present: ReadonlySet<ComparedArm>, palette: Palette) {
  const domain = COMPARED_ARMS.filter((arm) => present.has(arm))
  const encode = <Value>(values: Readonly<Record<ComparedArm, Value>>) => ({
    field: 'arm',
    type: 'nominal' as const,
    scale: { domain, range: domain.map((arm) => values[arm]) },
  })
  return {
    color: encode(palette.arms),
    shape: encode(SHAPES),
    strokeDash: encode(DASHES as Readonly<Record<ComparedArm, number[]>>),
  }
}
