import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  comparableRows,
  type Features,
  linearCka,
} from '../../../workers/evaluation/metrics/linear-cka.ts'

interface Case {
  readonly name: string
  readonly rows: number
  readonly x: readonly number[]
  readonly y: readonly number[]
  readonly cka: number
}
const fixture = new URL('../../fixtures/cka.json', import.meta.url)
const { cases } = JSON.parse(readFileSync(fixture, 'utf8')) as { cases: Case[] }
const features = (values: readonly number[], rows: number): Features => ({
  values: Float32Array.from(values),
  width: values.length / rows,
})

test.each(cases)('linear CKA is that of NumPy: $name', ({ rows, x, y, cka }) => {
  const [one, other] = [features(x, rows), features(y, rows)]
  expect(linearCka(one, other)).toBeCloseTo(cka, 9)
  expect(linearCka(other, one)).toBeCloseTo(cka, 9)
  expect(linearCka(one, one)).toBeCloseTo(1, 12)
})

test('cases are computed by products of features and of rows', () => {
  const byRows = cases.map(({ rows, x, y }) => (x.length + y.length) / rows > rows)
  expect(new Set(byRows)).toEqual(new Set([true, false]))
})

test('a layer that gives every row the same is like none', () => {
  const constant = features([2, 3, 2, 3, 2, 3], 3)
  expect(linearCka(constant, features([1, 2, 4], 3))).toBeNull()
})

test('layers must have the same rows', () => {
  expect(() => linearCka(features([1, 2], 2), features([1, 2, 3], 3))).toThrow('same rows')
})

test('the wider the layers, the fewer rows are compared', () => {
  const widths = [2, 100, 1500, 1600, 10_000, 100_000]
  const rows = widths.map(comparableRows)
  expect(rows).toEqual([...rows].sort((a, b) => b - a))
  // Two layers of 128 units, and two maps of 28 × 28 × 32.
  expect(comparableRows(256)).toBeGreaterThan(2048)
  expect(comparableRows(2 * 28 * 28 * 32)).toBe(282)
})
