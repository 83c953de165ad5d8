import { expect, test } from 'vitest'
import { usableLabels } from '../../../src/splits/labelled-rows.ts'

const labels = Int32Array.from({ length: 500 }, (_, row) => (row < 300 ? 0 : row < 497 ? 1 : 2))
const training = Uint32Array.from({ length: 400 }, (_, index) => 100 + index)
const known = (usable: Int32Array): number[] =>
  [...usable.entries()].filter(([, label]) => label >= 0).map(([row]) => row)
const countOf = (usable: Int32Array, label: number): number =>
  usable.filter((value) => value === label).length

test('a tenth of each class is known, and at least one row', () => {
  const usable = usableLabels(labels, training, 0.1, 1, 0)
  expect([0, 1, 2].map((label) => countOf(usable, label))).toEqual([20, 20, 1])
  for (const row of known(usable)) expect(usable[row]).toBe(labels[row])
})

test('labels of rows outside the training part are never known', () => {
  const usable = usableLabels(labels, training, 1, 1, 0)
  expect(known(usable)).toEqual([...training])
})

test('the choice follows from seed and fold, not from the order of the rows', () => {
  const choice = usableLabels(labels, training, 0.2, 1, 0)
  expect(usableLabels(labels, training.toReversed(), 0.2, 1, 0)).toEqual(choice)
  expect(usableLabels(labels, training, 0.2, 2, 0)).not.toEqual(choice)
  expect(usableLabels(labels, training, 0.2, 1, 1)).not.toEqual(choice)
  expect(usableLabels(labels, training, 0.2, 1, null)).not.toEqual(choice)
})

test('more labels include the fewer', () => {
  const few = known(usableLabels(labels, training, 0.1, 1, 0))
  const many = new Set(known(usableLabels(labels, training, 0.5, 1, 0)))
  expect(few.every((row) => many.has(row))).toBe(true)
})
