/** One training carried out step by step in different ways, and what each leaves. */
import { expect } from 'vitest'
import type { LayerSpec } from '../../../src/domain/layers.ts'
import { resolveObjective } from '../../../src/domain/objective.ts'
import type { TrainingSpec } from '../../../src/domain/training.ts'
import { compiledRunner } from '../../../workers/engine/compile/compiled-runner.ts'
import { eagerRunner } from '../../../workers/engine/eager-runner.ts'
import { fitNormalization } from '../../../workers/engine/normalization.ts'
import { createOptimizer } from '../../../workers/engine/optimizers.ts'
import { randomStream, uniform } from '../../../workers/engine/random.ts'
import { scheduledNumbers } from '../../../workers/engine/scheduled-terms.ts'
import type { StepInput, StepRunner } from '../../../workers/engine/step-runner.ts'
import type { TrainingInput } from '../../../workers/engine/training-input.ts'
import { initialize, type NamedArray } from '../../../workers/engine/weights.ts'
import { networkOf, randomRows, rowNumbers, trainingOf } from './support.ts'

export const SHAPE = [5, 5, 2]
export const BATCH = 16
/** Not from 0, not all, and 2 whole batches with 7 rows left. */
export const rows = rowNumbers(39, 4)
export const data = randomRows(60, SHAPE, 3)
const MLP: readonly LayerSpec[] = [
  { type: 'flatten' },
  { type: 'dense', units: 8, activation: 'relu' },
  { type: 'dropout', rate: 0.3 },
  { type: 'dense', units: 3 },
]
export const mlp = networkOf(SHAPE, MLP)

export function inputOf(
  changes: Partial<TrainingInput> = {},
  spec: TrainingSpec = {},
): TrainingInput {
  const network = changes.network ?? mlp
  return {
    network,
    objective: resolveObjective(),
    training: trainingOf({ batchSize: BATCH, optimizer: { name: 'sgd' }, ...spec }),
    initialWeights: initialize(network, 1),
    data,
    rows,
    normalization: fitNormalization(data, rows),
    // Some rows without a label.
    labels: data.labels.map((label, row) => (row % 3 === 0 ? -1 : label)),
    teacherLogits: uniform(data.count * 3, 3, randomStream(9)),
    classes: 3,
    seeds: { batches: 2, dropout: 3 },
    ...changes,
  }
}

export type Make = (input: TrainingInput) => StepRunner
export const optimizerOf = ({ training }: TrainingInput) => createOptimizer(training.optimizer)
export const eager: Make = (input) => eagerRunner(input, optimizerOf(input))
export const compiled: Make = (input) => compiledRunner(input, optimizerOf(input), { xla: null })
/** XLA, however few the steps. */
export const byXla: Make = (input) =>
  compiledRunner(input, optimizerOf(input), { xla: { stepsPerCall: 3 } })

/** Two epochs, several whole batches in a call, and what they leave. */
export function outcome(make: Make, input: TrainingInput, stepsPerCall = 2) {
  const { batchSize, optimizer } = input.training
  const { rates } = createOptimizer(optimizer)
  using runner = make(input)
  const measured: number[] = []
  let step = 0
  const run = (call: StepInput[]): void => {
    if (call.length > 0) measured.push(...runner.run(call))
  }
  for (let epoch = 0; epoch < 2; epoch++) {
    let call: StepInput[] = []
    for (let start = 0; start < input.rows.length; start += batchSize) {
      const epochs = step / Math.ceil(input.rows.length / batchSize)
      const scheduled = scheduledNumbers(input.objective, epochs)
      const next = {
        rows: input.rows.subarray(start, start + batchSize),
        ...(scheduled.length > 0 ? { scheduled } : {}),
        step: ++step,
        rates: rates(0.05, step),
      }
      if (call.length === stepsPerCall || call[0]?.rows.length !== next.rows.length) {
        run(call)
        call = []
      }
      call.push(next)
    }
    run(call)
  }
  return { measured, weights: runner.weights() }
}

/** @param tolerance relative to the largest number of an array */
export function expectClose(
  got: readonly NamedArray[],
  want: readonly NamedArray[],
  tolerance = 2e-6,
): void {
  expect(got.map(({ name, shape }) => [name, shape])).toEqual(
    want.map(({ name, shape }) => [name, shape]),
  )
  for (const [index, { values }] of want.entries()) {
    const scale = Math.max(...values.map(Math.abs), 1e-3)
    for (const [element, value] of values.entries())
      expect(Math.abs((got[index]?.values[element] ?? Number.NaN) - value)).toBeLessThanOrEqual(
        tolerance * scale,
      )
  }
}
