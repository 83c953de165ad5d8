/** When a learning curve first reaches a target. */
import type { Reached } from '../../../src/domain/report/convergence.ts'
import type { CurvePoint } from './mean-curve.ts'

/** Accuracies that differ by less differ by the order of a sum. */
const ROUNDING = 1e-12

/** @param curve at least one point, in order */
export function reach(curve: readonly CurvePoint[], target: number): Reached {
  const point = curve.find(({ accuracy }) => accuracy >= target - ROUNDING)
  return {
    target,
    epochs: point?.epoch ?? null,
    steps: point?.step ?? null,
    seconds: point?.seconds ?? null,
    beyondEpochs: point ? null : (curve.at(-1)?.epoch ?? 0),
  }
}
