/** From stored epochs to the curves that can be compared. */
import type { EpochRow } from '../domain/task.ts'
import type { Curve, CurveMeasure, LearningCurves } from '../plots/learning-curves.ts'

export type EpochRows = readonly EpochRow[]

/** The first that was measured in every epoch is shown. */
const PREFERRED: readonly CurveMeasure[] = ['validationAccuracy', 'validationLoss', 'trainAccuracy']

function measuredIn({ values }: EpochRow, measure: CurveMeasure): number | null {
  const value = (values as Readonly<Record<string, unknown>> | null)?.[measure]
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

/** Of distilled and control in the folds, or in the final training where there are no folds; null where nothing was measured. */
export function curvesOf(rows: EpochRows): LearningCurves | null {
  const students = rows.flatMap((row) => {
    const { arm } = row
    return arm === 'distilled' || arm === 'control' ? [{ ...row, arm }] : []
  })
  const inFolds = students.filter(({ fold }) => fold !== null)
  const shown = inFolds.length > 0 ? inFolds : students
  if (shown.length === 0) return null
  const measure = PREFERRED.find((one) => shown.every((row) => measuredIn(row, one) !== null))
  if (measure === undefined) return null
  const byTask = new Map<string, { arm: Curve['arm']; values: number[] }>()
  for (const row of shown) {
    const value = measuredIn(row, measure)
    if (value === null) continue
    const curve = byTask.get(row.task) ?? { arm: row.arm, values: [] }
    curve.values.push(value)
    byTask.set(row.task, curve)
  }
  return { measure, curves: [...byTask.values()] }
}
