/** Runs steps as a graph, many in one call. */
import type { Optimizer } from '../optimizers.ts'
import type { StepInput, StepRunner } from '../step-runner.ts'
import type { TrainingInput } from '../training-input.ts'
import { createGradients } from '../training-step.ts'
import type { BatchSource } from './batch-source.ts'
import { fedBatches } from './fed-data.ts'
import { dtypeNumber } from './graph.ts'
import { recordStep } from './record-step.ts'
import { residentBatches } from './resident-data.ts'
import { type Feed, openSession } from './session.ts'
import { stateLayout, variablesOf } from './state-layout.ts'
import { INITIALIZE, programNames, trainingGraph } from './training-graph.ts'
import { initializeVariables, readOf } from './variables.ts'

/** The sizes that the batches of an epoch have: whole ones, and what is left. */
function batchSizes({ rows, training: { batchSize } }: TrainingInput): number[] {
  const whole = rows.length >= batchSize ? [batchSize] : []
  const left = rows.length % batchSize
  return left > 0 ? [...whole, left] : whole
}

function stepFeeds(input: TrainingInput, steps: readonly StepInput[]): Feed[] {
  const { count, seeds, rates } = programNames(steps[0]?.rows.length ?? 0)
  const [float32, int32] = [dtypeNumber('float32'), dtypeNumber('int32')]
  const width = steps[0]?.rates.length ?? 0
  return [
    { name: count, dtype: int32, shape: [], values: Int32Array.of(steps.length) },
    {
      name: seeds,
      dtype: int32,
      shape: [steps.length, 2],
      values: Int32Array.from(steps.flatMap(({ step }) => [input.seeds.dropout, step])),
    },
    {
      name: rates,
      dtype: float32,
      shape: [steps.length, width],
      values: Float32Array.from(steps.flatMap((step) => step.rates)),
    },
  ]
}

/**
 * Records the step and loads it as a graph with the initial weights.
 * @throws CannotCompile when the step cannot be represented
 */
export function compiledRunner(
  input: TrainingInput,
  optimizer: Optimizer,
  source: BatchSource = residentBatches(input) ?? fedBatches(input),
): StepRunner {
  const { network, initialWeights, objective } = input
  const gradientsOf = createGradients(network, objective, {
    clipNorm: input.training.clipNorm,
    weightDecay: optimizer.weightDecay,
  })
  const programs = batchSizes(input).map((batchSize) => ({
    batchSize,
    recording: recordStep(input, gradientsOf, batchSize),
  }))
  const state = stateLayout(network, initialWeights, optimizer)
  const plan = {
    state,
    source,
    updates: optimizer.fused,
    rates: optimizer.rates(1, 1).length,
    measurements: objective.length + 1,
  }
  const session = openSession(trainingGraph(plan, programs))
  try {
    initializeVariables(session, INITIALIZE, [...variablesOf(state), ...source.variables])
  } catch (error) {
    session.close()
    throw error
  }
  return {
    mode: 'graph',
    bytesPerStep: source.bytesPerStep,
    run(steps) {
      const { name, measurements } = programNames(steps[0]?.rows.length ?? 0)
      const feeds = [...source.feeds(name, steps), ...stepFeeds(input, steps)]
      return session.run(feeds, [measurements])[0] as Float32Array
    },
    weights() {
      const names = state.weights.map(({ name }) => readOf(name))
      const values = session.run([], names)
      return initialWeights.map(({ name, shape }, index) => ({
        name,
        shape,
        values: values[index] as Float32Array,
      }))
    },
    [Symbol.dispose]: () => session.close(),
  }
}
