/** The learning curves of one arm in all folds, as one. */
import type { TrainingRecord } from '../../trainer-contract.ts'

export interface CurvePoint {
  /** From 1. */
  readonly epoch: number
  readonly step: number
  readonly seconds: number
  /** 0 to 1. */
  readonly accuracy: number
  /** In nats. */
  readonly loss: number
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length

/**
 * Mean over the folds, epoch by epoch, as far as all folds went: where early stopping ended one, later epochs would
 * average others than the earlier ones.
 * @returns empty where a training measured no validation rows
 */
export function meanCurve(trainings: readonly TrainingRecord[]): CurvePoint[] {
  const length = Math.min(...trainings.map(({ epochs }) => epochs.length))
  if (trainings.length === 0) return []
  const curve: CurvePoint[] = []
  for (let index = 0; index < length; index++) {
    const points = trainings.flatMap(({ epochs }) => epochs[index] ?? [])
    const accuracies = points.flatMap((point) => point.validationAccuracy ?? [])
    const losses = points.flatMap((point) => point.validationLoss ?? [])
    if (accuracies.length < trainings.length || losses.length < trainings.length) return []
    curve.push({
      epoch: index + 1,
      step: meanOf(points.map(({ step }) => step)),
      seconds: meanOf(points.map(({ seconds }) => seconds)),
      accuracy: meanOf(accuracies),
      loss: meanOf(losses),
    })
  }
  return curve
}
