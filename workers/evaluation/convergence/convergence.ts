/**
 * How fast the student learns with and without its teacher, from curves on inner validation rows. Both arms began with the
 * same weights and saw the same batches in the same order, so what differs is what they were told.
 */
import type { ArmConvergence, Convergence } from '../../../src/domain/report/convergence.ts'
import type { TrainingRecord } from '../../trainer-contract.ts'
import { type CurvePoint, meanCurve } from './mean-curve.ts'
import { reach } from './reach.ts'

const FRACTIONS = [0.9, 0.95, 0.99]

const finalAccuracy = (curve: readonly CurvePoint[]): number => curve.at(-1)?.accuracy ?? 0

function armConvergence(curve: readonly CurvePoint[], controlFinal: number): ArmConvergence {
  const own = finalAccuracy(curve)
  return {
    curve: [...curve],
    ofOwnFinal: FRACTIONS.map((fraction) => ({ fraction, reached: reach(curve, fraction * own) })),
    ofControlFinal: reach(curve, controlFinal),
    meanAccuracy: curve.reduce((sum, { accuracy }) => sum + accuracy, 0) / curve.length,
  }
}

const ratio = (a: number | null, b: number | null): number | null =>
  a === null || b === null || b === 0 ? null : a / b

/**
 * @param teacherSeconds that its training took; null where it was given
 * @returns null where an arm was not measured while it learned
 */
export function convergence(
  distilled: readonly TrainingRecord[],
  control: readonly TrainingRecord[],
  teacherSeconds: number | null,
): Convergence | null {
  const curves = { distilled: meanCurve(distilled), control: meanCurve(control) }
  if (curves.distilled.length === 0 || curves.control.length === 0) return null
  const target = finalAccuracy(curves.control)
  const arms = {
    distilled: armConvergence(curves.distilled, target),
    control: armConvergence(curves.control, target),
  }
  const [fast, slow] = [arms.distilled.ofControlFinal, arms.control.ofControlFinal]
  const withTeacher =
    fast.seconds === null || teacherSeconds === null ? null : fast.seconds + teacherSeconds
  return {
    arms,
    teacherSeconds,
    speedUp: {
      epochs: ratio(slow.epochs, fast.epochs),
      steps: ratio(slow.steps, fast.steps),
      seconds: ratio(slow.seconds, fast.seconds),
      secondsWithTeacher: ratio(slow.seconds, withTeacher),
    },
  }
}
