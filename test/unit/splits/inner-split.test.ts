import { expect, test } from 'vitest'
import { innerSplit } from '../../../src/splits/inner-split.ts'

/** Class 0 in 60 rows, 1 in 30, 2 in 10; the last 20 rows are held out. */
const labels = Int32Array.from({ length: 120 }, (_, row) => {
  const place = row % 10
  return place < 6 ? 0 : place < 9 ? 1 : 2
})
const training = Uint32Array.from({ length: 100 }, (_, row) => row)
const countsOf = (rows: Uint32Array, of = labels): number[] =>
  [0, 1, 2].map((label) => rows.filter((row) => of[row] === label).length)

test('a stratified part of the training rows is set aside, and nothing else', () => {
  const { training: rest, validation } = innerSplit(labels, training, 0.2, 1)
  expect(countsOf(validation)).toEqual([12, 6, 2])
  expect([...rest, ...validation].toSorted((a, b) => a - b)).toEqual([...training])
  expect([...validation]).toEqual([...validation].toSorted((a, b) => a - b))
})

test('the part follows from the seed and the set of rows', () => {
  const one = innerSplit(labels, training, 0.2, 1)
  expect(innerSplit(labels, training.toReversed(), 0.2, 1).validation).toEqual(one.validation)
  expect(innerSplit(labels, training, 0.2, 2).validation).not.toEqual(one.validation)
})

test('only rows whose label may be used are set aside, each class keeping one to learn from', () => {
  const usable = labels.map((label, row) => (row < 20 ? label : -1))
  const { validation, training: rest } = innerSplit(usable, training, 0.2, 1)
  expect([...validation].every((row) => row < 20)).toBe(true)
  expect(countsOf(validation, usable).every((count) => count >= 1)).toBe(true)
  expect(countsOf(rest, usable).every((count) => count >= 1)).toBe(true)
})

test('labels too few to be divided are an error', () => {
  const usable = labels.map((label, row) => (row === 0 || row === 6 ? label : -1))
  expect(() => innerSplit(usable, training, 0.2, 1)).toThrow('fewer than 2 of the 2 labelled')
})
