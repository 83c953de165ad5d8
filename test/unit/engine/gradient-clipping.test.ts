import { expect, test } from 'vitest'
import { LABELS_ONLY } from '../../../src/domain/objective.ts'
import { resolveTraining } from '../../../src/domain/training.ts'
import { createOptimizer } from '../../../workers/engine/optimizers.ts'
import { tf } from '../../../workers/engine/tensorflow.ts'
import { createTrainingStep, initialState } from '../../../workers/engine/training-step.ts'
import { initialize, upload } from '../../../workers/engine/weights.ts'
import { networkOf } from './support.ts'

const network = networkOf(
  [4],
  [
    { type: 'dense', units: 6, activation: 'tanh' },
    { type: 'dense', units: 3 },
  ],
)
const { optimizer: spec } = resolveTraining({ optimizer: { name: 'sgd', learningRate: 1 } }, 1)
const batch = {
  inputs: tf.tensor2d([
    [3, -1, 2, 0.5],
    [-2, 1, 4, 1],
  ]),
  labels: tf.tensor1d([0, 2], 'int32'),
  teacherLogits: null,
  dropoutSeed: tf.tensor1d([1, 1], 'int32'),
}

/** Plain descent at rate 1 moves by minus the gradient, so the move shows the gradient that was used. */
function moves(clipNorm: number | null): number[] {
  const optimizer = createOptimizer(spec)
  const state = initialState(network, upload(initialize(network, 3)), optimizer)
  const next = createTrainingStep(
    network,
    LABELS_ONLY,
    optimizer,
    clipNorm,
  )(state, batch, [tf.scalar(1)])
  return Object.keys(state.weights).flatMap((name) => [
    ...tf.sub(state.weights[name] as tf.Tensor, next.state.weights[name] as tf.Tensor).dataSync(),
  ])
}
const norm = (values: readonly number[]): number => Math.hypot(...values)

test('gradients above the limit are scaled together to the limit, keeping their direction', () => {
  const free = moves(null)
  const limit = norm(free) / 3
  const clipped = moves(limit)
  expect(norm(clipped)).toBeCloseTo(limit, 4)
  for (const [index, value] of clipped.entries())
    expect(value).toBeCloseTo((free[index] ?? Number.NaN) / 3, 5)
})

test('gradients below the limit are left alone', () => {
  const free = moves(null)
  expect(moves(2 * norm(free))).toEqual(free)
})
