import { afterEach, expect, test } from 'vitest'
import { normalizeBatch } from '../../../workers/engine/native-batch-norm.ts'
import { randomStream, uniform } from '../../../workers/engine/random.ts'
import { tf } from '../../../workers/engine/tensorflow.ts'

const EPSILON = 1e-3
const SHAPES = [
  [4, 3, 2, 5],
  [16, 1, 1, 3],
  [2, 1, 1, 1],
]

/** Input, gamma, beta, and what the output is multiplied with to get one number. */
function arrays(shape: number[]) {
  const random = randomStream(3)
  const channels = shape.at(-1) ?? 1
  const size = shape.reduce((product, length) => product * length, 1)
  const draw = (count: number) => Array.from(uniform(count, 2, random))
  return {
    shape,
    channels,
    values: [draw(size), draw(channels), draw(channels)],
    probe: draw(size),
  }
}

/** In float64, out of the definition: Σ probe · (γ (x − μ) / √(σ² + ε) + β). */
function reference({ channels, probe }: ReturnType<typeof arrays>, [x, gamma, beta]: number[][]) {
  let sum = 0
  for (let channel = 0; channel < channels; channel++) {
    const own = (x ?? []).filter((_, index) => index % channels === channel)
    const weights = probe.filter((_, index) => index % channels === channel)
    const mean = own.reduce((total, value) => total + value, 0) / own.length
    const variance = own.reduce((total, value) => total + (value - mean) ** 2, 0) / own.length
    for (const [index, value] of own.entries())
      sum +=
        (weights[index] ?? 0) *
        (((gamma?.[channel] ?? 0) * (value - mean)) / Math.sqrt(variance + EPSILON) +
          (beta?.[channel] ?? 0))
  }
  return sum
}

afterEach(() => expect(tf.memory().numTensors).toBe(0))

test.each(SHAPES)('gradients for %i, %i, %i, %i are those of finite differences', (...shape) => {
  const given = arrays(shape)
  tf.tidy(() => {
    const [x, gamma, beta] = given.values as [number[], number[], number[]]
    const { grads } = tf.valueAndGrads((input, scale, offset) =>
      tf.sum(
        tf.mul(
          normalizeBatch(input as tf.Tensor4D, scale, offset, EPSILON).output,
          tf.tensor(given.probe, shape),
        ),
      ),
    )([tf.tensor(x, shape), tf.tensor1d(gamma), tf.tensor1d(beta)])
    const step = 1e-5
    for (const [position, gradient] of grads.entries())
      for (const [index, value] of gradient.dataSync().entries()) {
        const at = (change: number): number =>
          reference(
            given,
            given.values.map((array, which) =>
              array.map((one, element) =>
                which === position && element === index ? one + change : one,
              ),
            ),
          )
        const want = (at(step) - at(-step)) / (2 * step)
        expect(Math.abs(value - want)).toBeLessThan(1e-4 * (1 + Math.abs(want)))
      }
  })
})

test('mean and population variance come beside the output', () => {
  tf.tidy(() => {
    const input = tf.tensor4d([1, 10, 2, 20, 6, 60], [3, 1, 1, 2])
    const { mean, variance } = normalizeBatch(input, tf.ones([2]), tf.zeros([2]), EPSILON)
    expect([...mean.dataSync()]).toEqual([3, 30])
    for (const [index, want] of [14 / 3, 1400 / 3].entries())
      expect(variance.dataSync()[index]).toBeCloseTo(want, 3)
  })
})

test('a single row has variance 0 and gives beta', () => {
  tf.tidy(() => {
    const input = tf.tensor4d([5, -7], [1, 1, 1, 2])
    const result = normalizeBatch(input, tf.ones([2]), tf.tensor1d([3, 4]), EPSILON)
    expect([...result.output.dataSync()]).toEqual([3, 4])
    expect([...result.variance.dataSync()]).toEqual([0, 0])
  })
})
