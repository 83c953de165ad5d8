import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { argmax, measure } from '../../../workers/evaluation/metrics.ts'

interface Case {
  readonly name: string
  readonly classes: number
  readonly logits: readonly number[]
  readonly teacherLogits: readonly number[]
  readonly labels: readonly number[]
  readonly accuracy: number
  readonly macroF1: number
  readonly nll: number
  readonly agreement: number
}
const fixture = new URL('../../fixtures/metrics.json', import.meta.url)
const { cases } = JSON.parse(readFileSync(fixture, 'utf8')) as { cases: Case[] }

const difference = (got: number | null, expected: number): number =>
  Math.abs((got ?? Number.NaN) - expected) / Math.max(1, Math.abs(expected))

test.each(cases)('metrics equal those of scikit-learn and SciPy: $name', (oracle) => {
  const teacher = argmax(Float32Array.from(oracle.teacherLogits), oracle.classes)
  const logits = Float32Array.from(oracle.logits)
  const got = measure(logits, Int32Array.from(oracle.labels), oracle.classes, teacher)
  for (const name of ['accuracy', 'macroF1', 'nll', 'agreement'] as const)
    expect(difference(got[name], oracle[name]), name).toBeLessThan(1e-12)
})

test('a teacher has no agreement with itself', () => {
  expect(measure(Float32Array.of(1, 0), Int32Array.of(0), 2, null).agreement).toBeNull()
})

test('of equal logits the lowest class is predicted', () => {
  expect([...argmax(Float32Array.of(1, 1, 0, 0, 3, 3), 3)]).toEqual([0, 1])
})

test('order of the rows does not matter', () => {
  const [, oracle] = cases
  if (!oracle) throw new Error('no case')
  const { classes } = oracle
  const rows = [...oracle.labels.keys()].reverse()
  const reversed = Float32Array.from(
    rows.flatMap((row) => oracle.logits.slice(row * classes, (row + 1) * classes)),
  )
  const labels = Int32Array.from(rows, (row) => oracle.labels[row] ?? 0)
  const got = measure(reversed, labels, classes, null)
  expect(got.accuracy).toBe(oracle.accuracy)
  expect(got.nll).toBeCloseTo(oracle.nll, 12)
})

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
  'a logit of %d is an error that names row and class',
  (logit) => {
    expect(() => measure(Float32Array.of(0, 1, 2, logit), Int32Array.of(0, 1), 2, null)).toThrow(
      `the network answered ${logit} for class 1 of row 1`,
    )
  },
)

test('logits and labels that do not fit are errors', () => {
  const logits = Float32Array.of(0, 1, 2, 3)
  expect(() => measure(logits, Int32Array.of(0, 1), 3, null)).toThrow('need 6 logits, got 4')
  expect(() => measure(logits, Int32Array.of(0, 2), 2, null)).toThrow('label 2 of row 1')
  expect(() => measure(logits, Int32Array.of(0, -1), 2, null)).toThrow('label -1 of row 1')
  expect(() => measure(new Float32Array(0), new Int32Array(0), 2, null)).toThrow('no rows')
})
