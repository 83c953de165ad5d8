import { expect, test } from 'vitest'
import { crossEntropy } from '../../../workers/engine/losses/hard-labels.ts'
import { tf } from '../../../workers/engine/tensorflow.ts'

const LOGITS = [
  [2, -1, 0.5],
  [0.1, 0.2, -3],
  [4, 4, 4],
]
const LABELS = [0, 2, -1]

/** The definition, row by row in float64: cross-entropy with a target of its own for every class. */
function byDefinition(smoothing: number): number {
  const known = LABELS.flatMap((label, row) =>
    label >= 0 ? [{ label, z: LOGITS[row] ?? [] }] : [],
  )
  const losses = known.map(({ label, z }) => {
    const logSum = Math.log(z.reduce((sum, value) => sum + Math.exp(value), 0))
    return z.reduce((sum, value, index) => {
      const target = (index === label ? 1 - smoothing : 0) + smoothing / z.length
      return sum + target * (logSum - value)
    }, 0)
  })
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length
}

test.each([0, 0.1, 0.5])('smoothing by %f is cross-entropy with a spread target', (smoothing) => {
  const loss = crossEntropy(tf.tensor2d(LOGITS), tf.tensor1d(LABELS, 'int32'), smoothing)
  expect(loss.dataSync()[0]).toBeCloseTo(byDefinition(smoothing), 5)
})

test('rows without a label get no gradient, smoothed or not', () => {
  const gradient = tf.grad((logits) =>
    crossEntropy(logits as tf.Tensor2D, tf.tensor1d(LABELS, 'int32'), 0.3),
  )(tf.tensor2d(LOGITS))
  expect([...gradient.slice([2, 0], [1, 3]).dataSync()].map(Math.abs)).toEqual([0, 0, 0])
})
