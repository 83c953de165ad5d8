import { expect, test } from 'vitest'
import type { ResolvedOptimizer } from '../../../src/domain/training.ts'
import { createOptimizer, type Optimized } from '../../../workers/engine/optimizers.ts'
import { tf } from '../../../workers/engine/tensorflow.ts'
import { fixture, readJson } from './support.ts'

const { matrix, target, start, rates, cases } = readJson(fixture('engine/optimizers.json')) as {
  matrix: number[][]
  target: number[]
  start: number[]
  rates: number[]
  cases: { optimizer: Record<string, unknown>; path: number[][] }[]
}

test.each(cases)('$optimizer follows the path of PyTorch', ({ optimizer: spec, path }) => {
  const optimizer = createOptimizer({
    learningRate: 1,
    weightDecay: 0,
    nesterov: false,
    ...spec,
  } as ResolvedOptimizer)
  let current: Optimized = {
    weight: tf.tensor1d(start),
    slots: Array.from({ length: optimizer.slotsPerWeight }, () => tf.zeros([start.length])),
  }
  for (const [index, want] of path.entries()) {
    const slope = tf
      .matMul(tf.tensor2d(matrix), current.weight.sub(tf.tensor1d(target)).reshape([-1, 1]))
      .reshape([-1])
    // As a training step does before it asks the optimizer.
    const gradient = slope.add(current.weight.mul(optimizer.weightDecay))
    const scalars = optimizer.rates(rates[index] ?? 0, index + 1).map((rate) => tf.scalar(rate))
    current = optimizer.update(current, gradient, scalars)
    for (const [element, value] of current.weight.dataSync().entries())
      expect(Math.abs(value - (want[element] ?? Number.NaN))).toBeLessThan(1e-5)
  }
})
