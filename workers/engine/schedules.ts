/** Learning rates over the course of a training. Numbers only. */
import type { ResolvedSchedule } from '../../src/domain/training.ts'

export interface Position {
  /** Finished steps, from 0. */
  readonly step: number
  readonly stepsPerEpoch: number
  readonly epochs: number
}

/**
 * The learning rate of one step.
 *
 * - constant: `rate`
 * - step: `rate · factor^⌊epoch / every⌋`, epochs counted from 0
 * - exponential: `rate · factor^epoch`
 * - cosine: `rate · (f + (1 − f) (1 + cos(π · step / steps)) / 2)`, f = finalFactor (Loshchilov & Hutter 2017, equation 5,
 *   without restarts, by step): `rate` in the first step; `f · rate` would come right after the last one
 */
export function learningRateAt(
  schedule: ResolvedSchedule,
  rate: number,
  { step, stepsPerEpoch, epochs }: Position,
): number {
  switch (schedule.name) {
    case 'constant':
      return rate
    case 'step':
      return rate * schedule.factor ** Math.floor(Math.floor(step / stepsPerEpoch) / schedule.every)
    case 'cosine': {
      const remaining = (1 + Math.cos((Math.PI * step) / (stepsPerEpoch * epochs))) / 2
      return rate * (schedule.finalFactor + (1 - schedule.finalFactor) * remaining)
    }
    case 'exponential':
      return rate * schedule.factor ** Math.floor(step / stepsPerEpoch)
  }
}

/**
 * Share of the rate in the first steps: `(step + 1) / warm-up steps`, then 1 (Goyal et al. 2017, section 2.2). It scales
 * the schedule, which goes on meanwhile.
 */
export const warmup = (warmupEpochs: number, { step, stepsPerEpoch }: Position): number =>
  Math.min(1, (step + 1) / Math.max(1, warmupEpochs * stepsPerEpoch))
