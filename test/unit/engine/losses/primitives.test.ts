import { expect, test } from 'vitest'
import { length, unit } from '../../../../workers/engine/losses/primitives/length.ts'
import { absolute, huber } from '../../../../workers/engine/losses/primitives/piecewise.ts'
import { largestPoints, localMaxima } from '../../../../workers/engine/losses/primitives/points.ts'
import { project } from '../../../../workers/engine/losses/primitives/project.ts'
import { poolTo } from '../../../../workers/engine/losses/primitives/spatial.ts'
import { tf } from '../../../../workers/engine/tensorflow.ts'
import { expectAllClose } from './golden-file.ts'

const derivative = (operation: (x: tf.Tensor) => tf.Tensor, values: number[]): number[] => [
  ...tf
    .grad((x) => tf.sum(operation(x)))(tf.tensor1d(values))
    .dataSync(),
]

test('|x| has the derivative 0 at 0', () => {
  expect(derivative(absolute, [-2, 0, 3])).toEqual([-1, 0, 1])
})

test('the Huber function is x²/2 up to 1 and grows linearly from there', () => {
  expectAllClose(
    huber(tf.tensor1d([-3, -0.5, 0, 1, 2])).dataSync(),
    [2.5, 0.125, 0, 0.5, 1.5],
    0,
    1e-7,
    'value',
  )
  expect(derivative(huber, [-3, -0.5, 0, 1, 2])).toEqual([-1, -0.5, 0, 1, 1])
})

test('vectors of length 0, and below 1e-12, have no direction and no gradient', () => {
  const rows = tf.tensor2d([
    [0, 0],
    [3e-13, -4e-13],
    [3, 4],
  ])
  expectAllClose(unit(rows).dataSync(), [0, 0, 0, 0, 0.6, 0.8], 1e-6, 0, 'direction')
  expectAllClose(length(rows).dataSync(), [0, 5e-13, 5], 1e-6, 0, 'length')
  const gradient = tf.grad((x) => tf.sum(length(x)))(rows)
  expectAllClose(gradient.dataSync(), [0, 0, 0, 0, 0.6, 0.8], 1e-6, 0, 'gradient')
})

test('of equal neighbours the first in reading order is the maximum, and borders can be maxima', () => {
  const plane = tf.tensor3d([
    [
      [2, 2, 0],
      [0, 0, 0],
      [0, 0, 1],
    ],
  ])
  expect(localMaxima(plane).arraySync()).toEqual([
    [
      [1, 0, 0],
      [0, 0, 0],
      [0, 0, 1],
    ],
  ])
})

test('the largest points come in order, the first of equal ones first, and absent ones are marked', () => {
  const plane = tf.tensor3d([
    [
      [0, 5, 3],
      [5, 0, 0],
    ],
  ])
  const { rows, columns, present } = largestPoints(plane, 9, 0)
  expect(present.arraySync()).toEqual([[1, 1, 1, 0, 0, 0]])
  expect(tf.slice(rows, 0, [1, 3]).arraySync()).toEqual([[0, 1, 0]])
  expect(tf.slice(columns, 0, [1, 3]).arraySync()).toEqual([[1, 0, 2]])
})

test('every position of a large plane is found again from its number', () => {
  const [height, width] = [61, 97]
  const plane = tf.reshape(tf.range(height * width, 0, -1), [1, height, width]) as tf.Tensor3D
  const { rows, columns } = largestPoints(plane, height * width, 0)
  const numbers = tf.add(tf.mul(rows, tf.scalar(width, 'int32')), columns)
  expect([...numbers.dataSync()]).toEqual([...Array(height * width).keys()])
  expect(Math.max(...columns.dataSync())).toBe(width - 1)
})

test('pooling in equal windows is pooling in overlapping ones', () => {
  const features = tf.randomNormal([2, 6, 8, 3], 0, 1, 'float32', 1) as tf.Tensor4D
  const quick = poolTo(features, 3, 4)
  const slow = poolTo(poolTo(features, 6, 4), 3, 4)
  expectAllClose(slow.dataSync(), [...quick.dataSync()], 1e-5, 1e-6, 'pooled')
})

test('a projector of several layers has a ReLU between them and none at the end', () => {
  const negative = tf.tensor2d([[-1]])
  const layers = [{ weight: negative }, { weight: negative, bias: tf.tensor1d([0.5]) }]
  const projected = project(tf.tensor4d([2, -3], [1, 1, 2, 1]), layers)
  expect(projected.shape).toEqual([1, 1, 2, 1])
  expect([...projected.dataSync()]).toEqual([0.5, -2.5])
})
