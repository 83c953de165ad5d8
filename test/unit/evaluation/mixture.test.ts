/** Against SciPy's constrained minimiser: see test/fixtures/generate/mixtures.py. */
import { expect, test } from 'vitest'
import { fitMixture, mixLogits } from '../../../workers/evaluation/mixture.ts'
import fixture from '../../fixtures/mixtures.json' with { type: 'json' }

const floats = (values: readonly number[]): Float32Array => Float32Array.from(values)
const allRows = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, row) => row)

test.each(fixture.cases)('the shares of $name are those that SciPy finds', (given) => {
  const { classes, labels } = given
  const found = fitMixture(
    given.members.map(floats),
    allRows(labels.length),
    Int32Array.from(labels),
    classes,
  )
  expect(found.gap).toBeLessThanOrEqual(1e-9)
  // Not more than the gap that it claims, and SciPy's is no minimum to the last digit either.
  expect(found.nll - given.nll).toBeLessThanOrEqual(found.gap + 1e-11)
  expect(found.nll - given.nll).toBeGreaterThan(-1e-9)
  expect(found.averageNll).toBeCloseTo(given.averageNll, 10)
  expect(found.weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12)
  for (const [index, share] of given.shares.entries())
    expect(found.weights[index], `member ${index}`).toBeCloseTo(share, 4)
})

test.each(fixture.cases)(
  'the answers of $name are the logarithm of the mean probability',
  (given) => {
    const mixed = mixLogits(given.members.map(floats), given.given, given.classes)
    for (const [index, value] of given.mixed.entries())
      expect(Math.abs((mixed[index] ?? 0) - value)).toBeLessThan(
        1e-6 * Math.max(1, Math.abs(value)),
      )
  },
)

test('only the rows that are asked for count', () => {
  const [given] = fixture.cases
  if (!given) throw new Error('no case')
  const members = given.members.map(floats)
  const labels = Int32Array.from(given.labels)
  const half = allRows(labels.length / 2)
  const before = fitMixture(members, half, labels, given.classes)
  const poisoned = labels.map((label, row) => (row < half.length ? label : (label + 1) % 3))
  expect(fitMixture(members, half, poisoned, given.classes)).toEqual(before)
  expect(fitMixture(members, allRows(labels.length), poisoned, given.classes)).not.toEqual(before)
})

test('a member is worth what it is worth, wherever it stands', () => {
  const [, given] = fixture.cases
  if (!given) throw new Error('no case')
  const rows = allRows(given.labels.length)
  const labels = Int32Array.from(given.labels)
  const members = given.members.map(floats)
  const found = fitMixture(members, rows, labels, given.classes)
  const turned = fitMixture(members.toReversed(), rows, labels, given.classes)
  for (const [index, weight] of turned.weights.toReversed().entries())
    expect(weight).toBeCloseTo(found.weights[index] ?? Number.NaN, 6)
})

test('a member without weight has no part, and one with all of it answers alone', () => {
  const sure = floats([1000, 0, -1000])
  const other = floats([0, 1, 2])
  const alone = [...mixLogits([sure, other], [0, 1], 3)]
  const sum = Math.log(1 + Math.E + Math.E ** 2)
  for (const [index, value] of alone.entries()) expect(value).toBeCloseTo(index - sum, 6)
  const both = mixLogits([sure, floats([-1000, 1000, 0])], [0.5, 0.5], 3)
  expect(both.every(Number.isFinite)).toBe(true)
})
