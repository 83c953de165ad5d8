/** Runs steps as a graph, many in one call. */
import { createProbe, probeCount } from '../gradient-probe.ts'
import { measurementCount } from '../measurements.ts'
import { mixShare } from '../mix-share.ts'
import type { Optimizer } from '../optimizers.ts'
import { scheduledCount, scheduledNumbers } from '../scheduled-terms.ts'
import type { StepInput, StepRunner } from '../step-runner.ts'
import { epochsInAll, type TrainingInput } from '../training-input.ts'
import { createGradients } from '../training-step.ts'
import { batchesFrom, viewOf } from '../training-view.ts'
import type { NamedArray } from '../weights.ts'
import type { BatchSource } from './batch-source.ts'
import { CannotCompile } from './cannot-compile.ts'
import { fedBatches } from './fed-data.ts'
import { dtypeNumber } from './graph.ts'
import { outputsOfStep, recordStep } from './record-step.ts'
import { residentBatches } from './resident-data.ts'
import { type Feed, openSession } from './session.ts'
import { type StateVariable, stateLayout, variablesOf } from './state-layout.ts'
import { INITIALIZE, type Program, programNames, trainingGraph } from './training-graph.ts'
import { initializeVariables, readOf } from './variables.ts'
import { planXla, type XlaPlan } from './xla.ts'

/** The sizes that the batches of an epoch have: whole ones, and what is left. */
function batchSizes({ rows, training: { batchSize } }: TrainingInput): number[] {
  const whole = rows.length >= batchSize ? [batchSize] : []
  const left = rows.length % batchSize
  return left > 0 ? [...whole, left] : whole
}

/** A call of a program of fixed shape is filled up with steps that it will not take. */
const filledUp = (steps: readonly StepInput[], length: number): readonly StepInput[] =>
  steps.length === length
    ? steps
    : Array.from({ length }, (_, index) => steps[Math.min(index, steps.length - 1)] as StepInput)

const stepsOf = (batchSize: number): string => `steps-of-${batchSize}`
const PROBE = 'probe'

/**
 * @param name  of the program
 * @param taken how many of the steps are to be taken
 */
function stepFeeds(
  input: TrainingInput,
  name: string,
  steps: readonly StepInput[],
  taken: number,
): Feed[] {
  const { count, seeds, mixes, scheduled } = programNames(name)
  const numbers = scheduledCount(input.objective)
  const [float32, int32] = [dtypeNumber('float32'), dtypeNumber('int32')]
  const { mixup } = input.training.augmentation ?? {}
  const shares = mixup && steps.map(({ step }) => mixShare(mixup.alpha, input.seeds.dropout, step))
  return [
    ...(shares
      ? [
          {
            name: mixes,
            dtype: float32,
            shape: [shares.length, 1],
            values: Float32Array.from(shares),
          },
        ]
      : []),
    ...(numbers > 0
      ? [
          {
            name: scheduled,
            dtype: float32,
            shape: [steps.length, numbers],
            values: Float32Array.from(steps.flatMap((step) => step.scheduled ?? [])),
          },
        ]
      : []),
    { name: count, dtype: int32, shape: [], values: Int32Array.of(taken) },
    {
      name: seeds,
      dtype: int32,
      shape: [steps.length, 2],
      values: Int32Array.from(steps.flatMap(({ step }) => [input.seeds.dropout, step])),
    },
  ]
}

const rateFeed = (name: string, steps: readonly StepInput[]): Feed => ({
  name: programNames(name).rates,
  dtype: dtypeNumber('float32'),
  shape: [steps.length, steps[0]?.rates.length ?? 0],
  values: Float32Array.from(steps.flatMap((step) => step.rates)),
})

/** What a step reads and never changes: the weights of a teacher that answers inside it, and what terms were told. */
function constantVariables({ teacher, constants = [] }: TrainingInput): StateVariable[] {
  const under = (place: string, arrays: readonly NamedArray[]): StateVariable[] =>
    arrays.map((array) => ({ ...array, name: `${place}/${array.name}`, dtype: 'float32' }))
  return [...under('teacher-network', teacher?.weights ?? []), ...under('constant', constants)]
}

interface Choices {
  readonly source: BatchSource
  /** Null: no program is compiled by XLA. */
  readonly xla: XlaPlan | null
}

function openRunner(
  input: TrainingInput,
  optimizer: Optimizer,
  { source, xla }: Choices,
): StepRunner {
  const { network, initialWeights, objective, projectors = [], memories = [] } = input
  const { clipNorm, augmentation } = input.training
  const rules = { clipNorm, weightDecay: optimizer.weightDecay }
  const projectorNames = projectors.map(({ name }) => name)
  const view = viewOf(input)
  const gradientsOf = createGradients(network, objective, rules, view, projectorNames)
  const probe = createProbe(network, objective, view, projectorNames)
  const constants = constantVariables(input)
  // What is left of an epoch is one step: not worth compiling.
  const isXla = (batchSize: number): boolean =>
    xla !== null && batchSize === input.training.batchSize
  const measurements = measurementCount(objective.length)
  const sizes = batchSizes(input)
  const programs = sizes.map(
    (batchSize): Program => ({
      name: stepsOf(batchSize),
      batchSize,
      kind: 'train',
      measurements,
      recording: recordStep(input, outputsOfStep(input, gradientsOf), batchSize),
      xla: isXla(batchSize),
    }),
  )
  // Of the first batch of an epoch.
  const batchSize = sizes[0] as number
  programs.push({
    name: PROBE,
    batchSize,
    kind: 'look',
    measurements: probeCount(objective.length),
    recording: recordStep(input, (weights, batch) => [probe(weights, batch)], batchSize),
    xla: false,
  })
  const state = stateLayout(network, initialWeights, optimizer, projectors, memories)
  const plan = {
    state,
    source,
    updates: optimizer.fused,
    rates: optimizer.rates(1, 1).length,
    mixes: (augmentation?.mixup ?? null) !== null,
    scheduled: scheduledCount(objective),
    constants,
  }
  const session = openSession(trainingGraph(plan, programs))
  const asGiven = (steps: readonly StepInput[]): readonly StepInput[] =>
    xla && isXla(steps[0]?.rows.length ?? 0) ? filledUp(steps, xla.stepsPerCall) : steps
  const run = (steps: readonly StepInput[], taken: number): Float32Array => {
    const given = asGiven(steps)
    const name = stepsOf(steps[0]?.rows.length ?? 0)
    const feeds = [
      ...source.feeds(name, given),
      ...stepFeeds(input, name, given, taken),
      rateFeed(name, given),
    ]
    const values = session.run(feeds, [programNames(name).measurements])[0] as Float32Array
    return values.subarray(0, taken * measurements)
  }
  try {
    initializeVariables(session, INITIALIZE, [
      ...variablesOf(state),
      ...source.variables,
      ...constants,
    ])
    // No step is taken, and what XLA cannot compile is known now.
    if (xla)
      run(
        [
          {
            rows: input.rows.subarray(0, input.training.batchSize),
            step: 0,
            rates: optimizer.rates(0, 1),
            scheduled: scheduledNumbers(objective, 0),
          },
        ],
        0,
      )
  } catch (error) {
    session.close()
    throw error
  }
  return {
    mode: 'graph',
    compiler: xla ? 'xla' : 'tensorflow',
    bytesPerStep: source.bytesPerStep,
    stepsPerCall: xla?.stepsPerCall ?? null,
    prepare: (steps) => source.prepare(asGiven(steps)),
    run: (steps) => run(steps, steps.length),
    probe(step) {
      const feeds = [...source.feeds(PROBE, [step]), ...stepFeeds(input, PROBE, [step], 1)]
      return session.run(feeds, [programNames(PROBE).measurements])[0] as Float32Array
    },
    weights() {
      const names = state.weights.slice(0, initialWeights.length).map(({ name }) => readOf(name))
      const values = session.run([], names)
      return initialWeights.map(({ name, shape }, index) => ({
        name,
        shape,
        values: values[index] as Float32Array,
      }))
    },
    [Symbol.dispose]() {
      session.close()
      source.close()
    },
  }
}

/**
 * Records the step and loads it as a graph with the initial weights.
 * @throws CannotCompile when the step cannot be represented
 */
export function compiledRunner(
  input: TrainingInput,
  optimizer: Optimizer,
  {
    source = residentBatches(batchesFrom(input)) ?? fedBatches(batchesFrom(input)),
    xla = planXla(
      input.network,
      { ...input.training, epochs: epochsInAll(input) },
      input.rows.length,
    ),
  }: Partial<Choices> = {},
): StepRunner {
  if (xla === null) return openRunner(input, optimizer, { source, xla })
  try {
    return openRunner(input, optimizer, { source, xla })
  } catch (error) {
    if (error instanceof CannotCompile) throw error
    // An operation that XLA does not know: TensorFlow runs the same graph.
    return openRunner(input, optimizer, { source, xla: null })
  }
}
