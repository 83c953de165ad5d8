import fc from 'fast-check'
import { expect, test } from 'vitest'
import { pairedDifferences, summarize } from '../../../workers/evaluation/summary.ts'

test('mean and sample standard deviation of known numbers', () => {
  // numpy.mean and numpy.std(ddof=1).
  const { mean, standardDeviation, n } = summarize([2, 4, 4, 4, 5, 5, 7, 9])
  expect(mean).toBe(5)
  expect(standardDeviation).toBeCloseTo(2.138089935299395, 14)
  expect(n).toBe(8)
})

test('one value has no spread and no values have no mean', () => {
  expect(summarize([0.5])).toEqual({ mean: 0.5, standardDeviation: null, n: 1 })
  expect(summarize([null, null])).toEqual({ mean: null, standardDeviation: null, n: 0 })
})

test('shifting all values shifts the mean and leaves the spread', () => {
  const values = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 2 })
  fc.assert(
    fc.property(values, (numbers) => {
      const plain = summarize(numbers)
      const shifted = summarize(numbers.map((number) => number + 8))
      expect(shifted.mean).toBeCloseTo((plain.mean ?? 0) + 8, 10)
      expect(shifted.standardDeviation).toBeCloseTo(plain.standardDeviation ?? 0, 10)
    }),
  )
})

test('differences are taken pair by pair', () => {
  expect(pairedDifferences([3, 1, null], [1, 4, 2])).toEqual([2, -3, null])
  expect(() => pairedDifferences([1], [])).toThrow(RangeError)
})
