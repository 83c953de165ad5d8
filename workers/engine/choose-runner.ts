/** A graph where the step can be one, else the step as it is: slower, and never wrong numbers. */
import { CannotCompile } from './compile/cannot-compile.ts'
import { compiledRunner } from './compile/compiled-runner.ts'
import { eagerRunner } from './eager-runner.ts'
import type { Optimizer } from './optimizers.ts'
import type { StepRunner } from './step-runner.ts'
import { epochsInAll, type TrainingInput } from './training-input.ts'

export interface ChosenRunner {
  readonly runner: StepRunner
  /** Why there is no graph; null where there is one. */
  readonly reason: string | null
  /** Whether a graph was wanted and could not be made. */
  readonly isFallback: boolean
}

/** With fewer steps in all, recording and loading a graph takes longer than it saves. */
const FEWEST_STEPS = 32

export function chooseRunner(input: TrainingInput, optimizer: Optimizer): ChosenRunner {
  const eager = (reason: string, isFallback: boolean): ChosenRunner => ({
    runner: eagerRunner(input, optimizer),
    reason,
    isFallback,
  })
  const { batchSize } = input.training
  const epochs = epochsInAll(input)
  const steps = epochs * Math.ceil(input.rows.length / batchSize)
  if (steps < FEWEST_STEPS)
    return eager(`${steps} steps are fewer than the ${FEWEST_STEPS} that pay for a graph`, false)
  try {
    return { runner: compiledRunner(input, optimizer), reason: null, isFallback: false }
  } catch (error) {
    if (!(error instanceof CannotCompile)) throw error
    return eager(error.message, true)
  }
}
