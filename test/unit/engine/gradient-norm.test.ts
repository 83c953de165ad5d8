import { expect, test } from 'vitest'
import { LABELS_ONLY } from '../../../src/domain/objective.ts'
import { measurementsOf } from '../../../workers/engine/measurements.ts'
import { createOptimizer } from '../../../workers/engine/optimizers.ts'
import { tf } from '../../../workers/engine/tensorflow.ts'
import { createTrainingStep, initialState } from '../../../workers/engine/training-step.ts'
import { fixture, networkOf, readJson, trainingOf } from './support.ts'

const golden = readJson(fixture('engine/training-rules.json')) as {
  weights: Record<string, number[] | number[][]>
  inputs: number[][]
  labels: number[]
  loss: number
  gradientNorm: number
}
const network = networkOf(
  [4],
  [
    { type: 'dense', name: 'dense', units: 6, activation: 'tanh' },
    { type: 'dense', name: 'dense_1', units: 3 },
  ],
)

function measure(clipNorm: number | null) {
  const optimizer = createOptimizer(
    trainingOf({ optimizer: { name: 'sgd', weightDecay: 1 } }).optimizer,
  )
  const row = tf.tidy(() => {
    const weights = Object.fromEntries(
      Object.entries(golden.weights).map(([name, values]) => [name, tf.tensor(values)]),
    )
    const batch = {
      inputs: tf.tensor2d(golden.inputs),
      labels: tf.tensor1d(golden.labels, 'int32'),
      teacherLogits: null,
      dropoutSeed: tf.tensor1d([1, 1], 'int32'),
    }
    const state = initialState(network, weights, optimizer)
    const step = createTrainingStep(network, LABELS_ONLY, optimizer, clipNorm)
    const { measurements } = step(state, batch, [tf.scalar(0.1)])
    return measurements
  })
  return measurementsOf(row.dataSync() as Float32Array, 0, 1)
}

test("loss and gradient norm of a step are PyTorch's", () => {
  const { terms, gradientNorm } = measure(null)
  expect(terms[0]).toBeCloseTo(golden.loss, 6)
  expect(gradientNorm).toBeCloseTo(golden.gradientNorm, 6)
})

test('the norm is the one before clipping and weight decay', () => {
  expect(measure(0.01).gradientNorm).toBe(measure(null).gradientNorm)
})
