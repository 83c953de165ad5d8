import { expect, test } from 'vitest'
import { crossEntropy } from '../../../workers/engine/losses/hard-labels.ts'
import { softTargetLoss } from '../../../workers/engine/losses/soft-targets.ts'
import { tf } from '../../../workers/engine/tensorflow.ts'

const student = tf.tensor2d([
  [2, -1, 0.5],
  [0.3, 0.2, -4],
  [1, 1, 1],
])
const teacher = tf.tensor2d([
  [1, 0, -2],
  [5, -3, 0],
  [0.1, 0.2, 0.3],
])
const labels = (...values: number[]): tf.Tensor1D => tf.tensor1d(values, 'int32')
const number = (scalar: tf.Scalar): number => scalar.dataSync()[0] ?? Number.NaN

test('cross-entropy is the mean over the labelled rows alone', () => {
  const all = number(crossEntropy(student, labels(0, 1, 2)))
  const first = number(crossEntropy(student, labels(0, -1, -1)))
  const rest = number(crossEntropy(student, labels(-1, 1, 2)))
  expect(first).toBeCloseTo(Math.log(1 + Math.exp(-3) + Math.exp(-1.5)), 6)
  expect((first + 2 * rest) / 3).toBeCloseTo(all, 6)
})

test('cross-entropy without any label is 0, with a gradient of 0', () => {
  const { value, grad } = tf.valueAndGrad((z: tf.Tensor) =>
    crossEntropy(z as tf.Tensor2D, labels(-1, -1, -1)),
  )(student)
  expect(Math.abs(number(value as tf.Scalar))).toBe(0)
  expect([...grad.dataSync()].every((entry) => entry === 0)).toBe(true)
})

test('a row without label gets no gradient', () => {
  const grad = tf.grad((z: tf.Tensor) => crossEntropy(z as tf.Tensor2D, labels(0, -1, 2)))(student)
  const rows = grad.arraySync() as number[][]
  expect(rows[1]?.map(Math.abs)).toEqual([0, 0, 0])
  expect(rows[0]?.[0]).toBeLessThan(0)
})

test('the soft-target gradient is T (q − p) / batch', () => {
  const temperature = 3
  const grad = tf.grad((z: tf.Tensor) => softTargetLoss(z as tf.Tensor2D, teacher, temperature))(
    student,
  )
  const q = tf.softmax(student.div(temperature))
  const p = tf.softmax(teacher.div(temperature))
  const want = q
    .sub(p)
    .mul(temperature / 3)
    .dataSync()
  for (const [index, value] of grad.dataSync().entries())
    expect(value).toBeCloseTo(want[index] ?? Number.NaN, 6)
})

test('soft targets ignore a constant added to the logits of a row, and are 0 for equal logits', () => {
  const moved = student.add(tf.tensor2d([[7], [-3], [0.5]])) as tf.Tensor2D
  expect(number(softTargetLoss(moved, teacher, 4))).toBeCloseTo(
    number(softTargetLoss(student, teacher, 4)),
    4,
  )
  expect(Math.abs(number(softTargetLoss(moved, student, 4)))).toBeLessThan(1e-5)
})

test('soft targets stay finite for logits of ±1000', () => {
  const wide = tf.tensor2d([[1000, -1000, 0]])
  const other = tf.tensor2d([[-1000, 1000, 0]])
  const { value, grad } = tf.valueAndGrad((z: tf.Tensor) =>
    softTargetLoss(z as tf.Tensor2D, other, 1),
  )(wide)
  expect(number(value as tf.Scalar)).toBeCloseTo(2000, 1)
  expect([...grad.dataSync()].every(Number.isFinite)).toBe(true)
})
