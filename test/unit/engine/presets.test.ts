import { expect, test } from 'vitest'
import { PRESETS, type Preset } from '../../../src/domain/architecture.ts'
import { weightName } from '../../../src/domain/network.ts'
import { LABELS_ONLY } from '../../../src/domain/objective.ts'
import { apply } from '../../../workers/engine/forward.ts'
import { createOptimizer } from '../../../workers/engine/optimizers.ts'
import { tf } from '../../../workers/engine/tensorflow.ts'
import {
  createTrainingStep,
  disposeState,
  initialState,
} from '../../../workers/engine/training-step.ts'
import { initialize, upload, weightNames } from '../../../workers/engine/weights.ts'
import { inferred, trainingOf } from './support.ts'

const SHAPE = [10, 9, 3]
const dropoutSeed = tf.tensor1d([1, 1], 'int32')
const rows = tf.randomNormal([3, ...SHAPE], 0, 1, 'float32', 1)

test.each(Object.keys(PRESETS) as Preset[])(
  'preset %s is built as the domain says, layer by layer, and trains',
  (preset) => {
    const network = inferred({ preset }, SHAPE, 10)
    const arrays = initialize(network, 1)
    const named = network.layers.flatMap(({ name, weights }) =>
      weights.map((weight) => [weightName(name, weight.name), weight.shape]),
    )
    expect(arrays.map(({ name, shape }) => [name, shape])).toEqual(named)
    const weights = upload(arrays)
    const { outputs, logits } = apply(network, weights, rows, { training: false })
    for (const { name, outputShape } of network.layers)
      expect([name, outputs.get(name)?.shape]).toEqual([name, [3, ...outputShape]])
    expect(logits.dataSync().every(Number.isFinite)).toBe(true)

    const optimizer = createOptimizer(trainingOf({ optimizer: { name: 'sgd' } }).optimizer)
    const step = createTrainingStep(network, LABELS_ONLY, optimizer)
    const state = initialState(network, weights, optimizer)
    const labels = tf.tensor1d([0, 4, 9], 'int32')
    const batch = { inputs: rows, labels, teacherLogits: null, dropoutSeed }
    const rates = optimizer.rates(0.1, 1).map((rate) => tf.scalar(rate))
    const { state: next, measurements } = step(state, batch, rates)
    expect(measurements.dataSync()[0]).toBeGreaterThan(0)
    const { trainable, movingAverages } = weightNames(network)
    expect(trainable.length + movingAverages.length).toBe(named.length)
    for (const { name, values } of arrays) {
      const after = next.weights[name]?.dataSync() ?? []
      expect(after.length).toBe(values.length)
      expect((after as Float32Array).every(Number.isFinite)).toBe(true)
      // A bias in front of a batch normalization has no influence, so nothing moves it.
      if (!/_conv\.bias$/.test(name)) expect([name, after]).not.toEqual([name, values])
    }
    disposeState(next, state)
    disposeState(state)
  },
)
