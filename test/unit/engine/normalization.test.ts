import { expect, test } from 'vitest'
import { gatherFeatures } from '../../../workers/engine/gather.ts'
import { fitNormalization, toNormalization } from '../../../workers/engine/normalization.ts'
import { randomRows, rowNumbers } from './support.ts'

test('features of a vector get mean and population standard deviation each, a constant one sd 1', () => {
  const values = Float32Array.of(1, 5, 100, 3, 5, 300, 8, 5, 200)
  const rows = { count: 3, shape: [3], width: 3, values }
  const fitted = fitNormalization(rows, rowNumbers(3))
  expect([...fitted.mean]).toEqual([4, 5, 200])
  expect(fitted.standardDeviation[0]).toBe(Math.fround(Math.sqrt((9 + 1 + 16) / 3)))
  expect(fitted.standardDeviation[1]).toBe(1)
  expect(fitted.standardDeviation[2]).toBe(Math.fround(Math.sqrt(20000 / 3)))
})

test('an image is normalized by channel, from bytes', () => {
  const values = Uint8Array.of(0, 10, 2, 10, 4, 30, 6, 30)
  const rows = { count: 2, shape: [1, 2, 2], width: 4, values }
  const fitted = fitNormalization(rows, rowNumbers(2))
  expect([...fitted.mean]).toEqual([3, 20])
  expect([...gatherFeatures(rows, Uint32Array.of(1), fitted)].map((x) => x.toFixed(5))).toEqual(
    [1 / Math.sqrt(5), 1, 3 / Math.sqrt(5), 1].map((x) => x.toFixed(5)),
  )
})

test('what is fitted does not depend on rows outside the training part', () => {
  const clean = randomRows(40, [5], 3)
  const training = rowNumbers(30)
  const poisoned = { ...clean, values: clean.values.slice() }
  poisoned.values.fill(1e30, 30 * 5)
  expect(fitNormalization(poisoned, training)).toEqual(fitNormalization(clean, training))
})

test('large offsets do not cancel: the fit is in float64 and two passes', () => {
  const values = Float32Array.from({ length: 1000 }, (_, row) => 1e6 + (row % 2))
  const rows = { count: 1000, shape: [1], width: 1, values }
  const { mean, standardDeviation } = toNormalization(fitNormalization(rows, rowNumbers(1000)))
  expect(mean).toEqual([1e6 + 0.5])
  expect(standardDeviation).toEqual([0.5])
})

test('without normalization rows come out as they are', () => {
  const rows = { count: 3, shape: [2], width: 2, values: Uint8Array.of(1, 2, 3, 4, 5, 255) }
  expect([...gatherFeatures(rows, Uint32Array.of(2, 0), null)]).toEqual([5, 255, 1, 2])
})
