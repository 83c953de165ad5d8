/** A graph where the step can be one, else the step as it is: slower, and never wrong numbers. */
import { CannotCompile } from './compile/cannot-compile.ts'
import { compiledRunner } from './compile/compiled-runner.ts'
import { eagerRunner } from './eager-runner.ts'
import type { Optimizer } from './optimizers.ts'
import type { StepRunner } from './step-runner.ts'
import type { TrainingInput } from './training-input.ts'
import type { TrainingStep } from './training-step.ts'

export interface ChosenRunner {
  readonly runner: StepRunner
  /** Why there is no graph; null where there is one. */
  readonly reason: string | null
}

export function chooseRunner(
  input: TrainingInput,
  optimizer: Optimizer,
  trainingStep: TrainingStep,
): ChosenRunner {
  try {
    return { runner: compiledRunner(input, optimizer, trainingStep), reason: null }
  } catch (error) {
    if (!(error instanceof CannotCompile)) throw error
    return { runner: eagerRunner(input, optimizer, trainingStep), reason: error.message }
  }
}
