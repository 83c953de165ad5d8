import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  percentileInterval,
  resample,
  unitsOf,
} from '../../../workers/evaluation/statistics/bootstrap.ts'
import { correctedT } from '../../../workers/evaluation/statistics/corrected-t.ts'
import {
  studentBound,
  studentTwoSided,
} from '../../../workers/evaluation/statistics/distributions.ts'
import { holm } from '../../../workers/evaluation/statistics/holm.ts'
import { exactMcNemar, pairOutcomes } from '../../../workers/evaluation/statistics/mcnemar.ts'
import { quantile } from '../../../workers/evaluation/statistics/quantile.ts'
import { wilson } from '../../../workers/evaluation/statistics/wilson.ts'

interface Oracle {
  readonly studentTwoSided: readonly { t: number; df: number; p: number }[]
  readonly studentBound: readonly { level: number; df: number; bound: number }[]
  readonly correctedT: readonly {
    values: number[]
    ratio: number
    mean: number
    standardDeviation: number
    statistic: number
    p: number
    low: number
    high: number
  }[]
  readonly mcnemar: readonly { onlyFirstRight: number; onlySecondRight: number; p: number }[]
  readonly wilson: readonly { successes: number; trials: number; low: number; high: number }[]
  readonly holm: readonly { values: number[]; adjusted: number[] }[]
  readonly quantiles: { values: number[]; shares: number[]; quantiles: number[] }
  readonly bootstrapOfMean: { values: number[]; low: number; high: number }
}
const oracle = JSON.parse(
  readFileSync(new URL('../../fixtures/statistics.json', import.meta.url), 'utf8'),
) as Oracle

/** Relative to the number itself, so that tails count too. */
function expectSame(got: number | null | undefined, expected: number, what: string): void {
  const error = Math.abs((got ?? Number.NaN) - expected)
  expect(error / (Math.abs(expected) || 1), what).toBeLessThan(1e-10)
}

test("Student's t is SciPy's, also far out", () => {
  for (const { t, df, p } of oracle.studentTwoSided)
    expectSame(studentTwoSided(t, df), p, `P(|t| >= ${t}), df ${df}`)
  for (const { level, df, bound } of oracle.studentBound)
    expectSame(studentBound(level, df), bound, `bound of ${level}, df ${df}`)
})

test('the corrected t and its interval are those of the formula with SciPy', () => {
  for (const {
    values,
    ratio,
    mean,
    standardDeviation,
    statistic,
    p,
    low,
    high,
  } of oracle.correctedT) {
    const got = correctedT(values, ratio)
    const what = `n ${values.length}, ratio ${ratio}`
    expect(got).toMatchObject({ n: values.length, degreesOfFreedom: values.length - 1 })
    expectSame(got.mean, mean, what)
    expectSame(got.standardDeviation, standardDeviation, what)
    expectSame(got.statistic, statistic, what)
    expectSame(got.p, p, what)
    expectSame(got.interval?.low, low, what)
    expectSame(got.interval?.high, high, what)
  }
})

test('five folds need a mean of 1.86 standard deviations, ten of 1.04', () => {
  const least = (folds: number): number =>
    studentBound(0.95, folds - 1) * Math.sqrt(1 / folds + 1 / (folds - 1))
  expect(least(5)).toBeCloseTo(1.86, 2)
  expect(least(10)).toBeCloseTo(1.04, 2)
})

test('where folds do not differ, nothing is claimed', () => {
  const none = { statistic: null, interval: null }
  expect(correctedT([0, 0, 0], 0.5)).toMatchObject({ ...none, standardDeviation: 0, p: 1 })
  expect(correctedT([0.1, 0.1, 0.1], 0.5)).toMatchObject({ ...none, p: null })
  expect(correctedT([0.1], 0.5)).toMatchObject({
    ...none,
    mean: 0.1,
    standardDeviation: null,
    p: null,
  })
  expect(correctedT([], 0.5)).toMatchObject({
    ...none,
    mean: null,
    n: 0,
    degreesOfFreedom: 0,
    p: null,
  })
  expect(correctedT([0.3 - 0.2, 0.1], 0.5).p, 'rounding is no spread').toBeNull()
})

test("McNemar's p is that of SciPy's exact binomial test", () => {
  for (const { onlyFirstRight, onlySecondRight, p } of oracle.mcnemar) {
    const outcomes = { rows: 0, bothRight: 0, bothWrong: 0, onlyFirstRight, onlySecondRight }
    expectSame(exactMcNemar(outcomes), p, `${onlyFirstRight} against ${onlySecondRight}`)
  }
})

test('rows are counted by who is right, and only those that are asked for', () => {
  const first = Uint8Array.of(1, 1, 1, 0, 0, 1)
  const second = Uint8Array.of(1, 0, 0, 1, 0, 1)
  expect(pairOutcomes(first, second, Uint32Array.of(0, 1, 2, 3, 4))).toEqual({
    rows: 5,
    bothRight: 1,
    onlyFirstRight: 2,
    onlySecondRight: 1,
    bothWrong: 1,
  })
})

test("Wilson's interval is SciPy's, also for none and for all", () => {
  for (const { successes, trials, low, high } of oracle.wilson) {
    const got = wilson(successes, trials)
    expect(Math.abs(got.low - low), `${successes} of ${trials}`).toBeLessThan(1e-12)
    expect(Math.abs(got.high - high), `${successes} of ${trials}`).toBeLessThan(1e-12)
  }
  expect(() => wilson(0, 0)).toThrow('no rows')
})

test('Holm adjusts in order, never above 1, and does not count what is null', () => {
  for (const { values, adjusted } of oracle.holm)
    for (const [index, p] of holm(values).entries())
      expect(p).toBeCloseTo(adjusted[index] ?? Number.NaN, 14)
  expect(holm([null, 0.03, null, 0.02])).toEqual([null, 0.04, null, 0.04])
  expect(holm([])).toEqual([])
})

test("quantiles are NumPy's", () => {
  const { values, shares, quantiles } = oracle.quantiles
  const sorted = Float64Array.from(values).sort()
  for (const [index, share] of shares.entries())
    expect(quantile(sorted, share)).toBeCloseTo(quantiles[index] ?? Number.NaN, 14)
})

const mean = (values: readonly number[], weights: Uint32Array): number =>
  values.reduce((sum, value, index) => sum + value * (weights[index] ?? 0), 0) /
  weights.reduce((sum, weight) => sum + weight, 0)

test("the bootstrap finds SciPy's interval, as far as drawing allows", () => {
  const { values, low, high } = oracle.bootstrapOfMean
  const drawn: number[] = []
  resample(unitsOf([...values.keys()]), 20_000, 3, (weights) => drawn.push(mean(values, weights)))
  const got = percentileInterval(drawn)
  // The standard error of a 2.5 % quantile of 20,000 draws is about 0.02 of the width of the interval's half.
  const tolerance = 0.03 * (high - low)
  expect(Math.abs((got?.low ?? 0) - low)).toBeLessThan(tolerance)
  expect(Math.abs((got?.high ?? 0) - high)).toBeLessThan(tolerance)
})

test('the same seed draws the same resamples, another one others', () => {
  const units = unitsOf([0, 1, 2, 3, 4, 5, 6, 7])
  const draws = (seed: number): number[][] => {
    const all: number[][] = []
    resample(units, 5, seed, (weights) => all.push([...weights]))
    return all
  }
  expect(draws(1)).toEqual(draws(1))
  expect(draws(1)).not.toEqual(draws(2))
  for (const weights of draws(1)) expect(weights.reduce((a, b) => a + b)).toBe(8)
})

test('units are drawn with all their predictions', () => {
  const groups = [7, 7, 3, 7, 3, 9]
  resample(unitsOf(groups), 50, 4, (weights) => {
    expect(weights[0]).toBe(weights[1])
    expect(weights[0]).toBe(weights[3])
    expect(weights[2]).toBe(weights[4])
    expect((weights[0] ?? 0) + (weights[2] ?? 0) + (weights[5] ?? 0)).toBe(3)
  })
})

test('a metric that a resample does not have has no interval', () => {
  expect(percentileInterval([1, null, 2])).toBeNull()
  expect(percentileInterval([])).toBeNull()
})
