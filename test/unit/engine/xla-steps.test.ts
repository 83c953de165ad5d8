import { afterEach, expect, test } from 'vitest'
import type { LayerSpec } from '../../../src/domain/layers.ts'
import { LABELS_ONLY } from '../../../src/domain/objective.ts'
import type { TrainingSpec } from '../../../src/domain/training.ts'
import { compiledRunner } from '../../../workers/engine/compile/compiled-runner.ts'
import { fedBatches } from '../../../workers/engine/compile/fed-data.ts'
import { planXla } from '../../../workers/engine/compile/xla.ts'
import { tf } from '../../../workers/engine/tensorflow.ts'
import {
  byXla,
  eager,
  expectClose,
  inputOf,
  type Make,
  optimizerOf,
  outcome,
  SHAPE,
} from './step-outcomes.ts'
import { EVERY_LAYER, networkOf, trainingOf } from './support.ts'

afterEach(() => expect(tf.memory().numTensors).toBe(0))

/** Both compute in float32, and add up in another order. */
const TOLERANCE = 1e-5

function expectEqualTraining(
  make: Make,
  input: ReturnType<typeof inputOf>,
  stepsPerCall = 2,
): void {
  const [got, want] = [outcome(make, input, stepsPerCall), outcome(eager, input)]
  expectClose(got.weights, want.weights, TOLERANCE)
  const asArray = (values: number[]) => [
    { name: 'measured', shape: [], values: Float32Array.from(values) },
  ]
  expectClose(asArray(got.measured), asArray(want.measured), TOLERANCE)
}

test.each<[string, TrainingSpec]>([
  ['sgd', { optimizer: { name: 'sgd' } }],
  ['sgd with momentum', { optimizer: { name: 'sgd', momentum: 0.9 } }],
  ['Nesterov', { optimizer: { name: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 0.01 } }],
  ['adam', { optimizer: { name: 'adam' } }],
  ['adamw', { optimizer: { name: 'adamw', weightDecay: 0.1 } }],
  ['rmsprop', { optimizer: { name: 'rmsprop', weightDecay: 0.01 } }],
  ['clipped gradients', { clipNorm: 0.1 }],
])('a net with dropout trained with %s by XLA is the eager one', (_, spec) => {
  expectEqualTraining(byXla, inputOf({}, spec))
})

const DENSE: readonly LayerSpec[] = [
  { type: 'flatten' },
  { type: 'dense', units: 6, activation: 'gelu' },
  { type: 'batchNormalization', momentum: 0.7 },
  { type: 'layerNormalization' },
  { type: 'dense', name: 'left', units: 4, activation: 'tanh' },
  { type: 'dense', name: 'right', units: 4, activation: 'elu' },
  { type: 'add', name: 'sum', inputs: ['left', 'right'] },
  { type: 'concatenate', inputs: ['sum', 'left'] },
  { type: 'activation', activation: 'swish' },
  { type: 'dense', units: 3 },
]
test('every layer that XLA may get trains by XLA as it does eagerly', () => {
  expectEqualTraining(byXla, inputOf({ network: networkOf(SHAPE, DENSE) }))
})

test('convolutions train by XLA as they do eagerly, though slower', () => {
  expectEqualTraining(byXla, inputOf({ network: networkOf(SHAPE, EVERY_LAYER) }))
})

test('labels alone, and batches that are fed, train by XLA as they do eagerly', () => {
  const input = inputOf({ objective: LABELS_ONLY, teacherLogits: null })
  expectEqualTraining(
    (given) =>
      compiledRunner(given, optimizerOf(given), {
        source: fedBatches(given),
        xla: { stepsPerCall: 4 },
      }),
    input,
  )
})

test('by XLA two runs are bitwise equal, and how full a call is changes nothing', () => {
  const input = inputOf({}, { batchSize: 4, optimizer: { name: 'adam' } })
  const once = outcome(byXla, input, 3)
  expect(outcome(byXla, input, 3)).toEqual(once)
  expect(outcome(byXla, input, 1)).toEqual(once)
})

test('XLA is chosen for long trainings of dense nets only', () => {
  const network = networkOf(
    [784],
    [
      { type: 'dense', units: 64 },
      { type: 'dense', units: 3 },
    ],
  )
  const of = (net: typeof network, epochs: number) =>
    planXla(net, trainingOf({ batchSize: 128, epochs }), 60_000)
  expect(of(network, 100)?.stepsPerCall).toBeGreaterThan(1)
  expect(of(network, 1)).toBeNull()
  expect(of(networkOf(SHAPE, EVERY_LAYER), 1000)).toBeNull()
})
