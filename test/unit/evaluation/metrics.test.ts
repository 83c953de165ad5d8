import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { METRIC_NAMES, type Metrics } from '../../../src/domain/report/metrics.ts'
import { argmax } from '../../../workers/evaluation/metrics/argmax.ts'
import { binEdge, binOfRows } from '../../../workers/evaluation/metrics/bins.ts'
import { reliability } from '../../../workers/evaluation/metrics/calibration.ts'
import { confusion } from '../../../workers/evaluation/metrics/confusion.ts'
import { joinScores } from '../../../workers/evaluation/metrics/join-scores.ts'
import { measure, metricsOf } from '../../../workers/evaluation/metrics/metrics.ts'
import { classMetrics } from '../../../workers/evaluation/metrics/per-class.ts'
import { type RowScores, scoreRows } from '../../../workers/evaluation/metrics/row-scores.ts'
import { softness } from '../../../workers/evaluation/metrics/softness.ts'
import { onceEach, tally } from '../../../workers/evaluation/metrics/tally.ts'

interface Case {
  readonly name: string
  readonly classes: number
  readonly logits: readonly number[]
  readonly teacherLogits: readonly number[]
  readonly labels: readonly number[]
  readonly weights: readonly number[]
  readonly metrics: Metrics
  readonly weightedMetrics: Metrics
  readonly reliability: readonly {
    count: number
    meanConfidence: number | null
    accuracy: number | null
  }[]
  readonly perClass: Record<'precision' | 'recall' | 'f1' | 'support', readonly number[]>
  readonly confusion: readonly (readonly number[])[]
  readonly softness: { temperature: number; meanLargest: number; meanEntropy: number }
}
const fixture = new URL('../../fixtures/metrics.json', import.meta.url)
const { cases } = JSON.parse(readFileSync(fixture, 'utf8')) as { cases: Case[] }

const scoresOf = ({ logits, labels, classes, teacherLogits }: Case): RowScores =>
  scoreRows(
    Float32Array.from(logits),
    Int32Array.from(labels),
    classes,
    Float32Array.from(teacherLogits),
  )

/** Equal, but for the order of sums. */
function expectClose(got: number | null | undefined, expected: number | null, what: string): void {
  if (expected === null) expect(got, what).toBeNull()
  else
    expect(
      Math.abs((got ?? Number.NaN) - expected) / Math.max(1, Math.abs(expected)),
      what,
    ).toBeLessThan(1e-12)
}

describe.each(cases)('on $name', (oracle) => {
  const scores = scoresOf(oracle)
  const sums = tally(scores, onceEach(oracle.labels.length))

  test('metrics equal those of scikit-learn and SciPy', () => {
    const got = measure(scores)
    for (const name of METRIC_NAMES) expectClose(got[name], oracle.metrics[name], name)
  })

  test('rows that are counted several times or not at all weigh so', () => {
    const got = metricsOf(tally(scores, Uint32Array.from(oracle.weights)))
    for (const name of METRIC_NAMES) expectClose(got[name], oracle.weightedMetrics[name], name)
  })

  test('bins, classes and confusions equal those of scikit-learn and NumPy', () => {
    for (const [index, bin] of reliability(sums).entries()) {
      const expected = oracle.reliability[index]
      expect(bin.count).toBe(expected?.count)
      expectClose(bin.meanConfidence, expected?.meanConfidence ?? null, `confidence ${index}`)
      expectClose(bin.accuracy, expected?.accuracy ?? null, `accuracy ${index}`)
    }
    for (const [index, one] of classMetrics(sums).entries())
      for (const name of ['precision', 'recall', 'f1', 'support'] as const)
        expectClose(one[name], oracle.perClass[name][index] ?? Number.NaN, `${name} ${index}`)
    expect(confusion(scores).counts).toEqual(oracle.confusion)
  })

  test('soft labels are as soft as SciPy says', () => {
    const { temperature, meanLargest, meanEntropy } = oracle.softness
    const got = softness(Float32Array.from(oracle.logits), oracle.classes, temperature)
    expectClose(got.meanLargest, meanLargest, 'largest')
    expectClose(got.meanEntropy, meanEntropy, 'entropy')
  })
})

const named = (name: string): Case => {
  const found = cases.find((one) => one.name === name)
  if (!found) throw new Error(`no case ${name}`)
  return found
}

test('a teacher has neither agreement nor divergence from itself', () => {
  const got = measure(scoreRows(Float32Array.of(1, 0), Int32Array.of(0), 2, null))
  expect(got).toMatchObject({
    agreement: null,
    agreementOnTeacherErrors: null,
    klFromTeacher: null,
  })
})

test('a student that answers as its teacher has agreement 1 and a divergence of exactly 0', () => {
  const oracle = named('ten classes, mostly right')
  const got = measure(scoresOf({ ...oracle, teacherLogits: oracle.logits }))
  expect(got).toMatchObject({ agreement: 1, agreementOnTeacherErrors: 1, klFromTeacher: 0 })
})

test('of equal logits the lowest class is predicted', () => {
  expect([...argmax(Float32Array.of(1, 1, 0, 0, 3, 3), 3)]).toEqual([0, 1])
})

test('of equal logits the later classes are among the five largest, as in scikit-learn', () => {
  const top5Of = (label: number): number | null =>
    measure(scoreRows(new Float32Array(7), Int32Array.of(label), 7, null)).top5Accuracy
  expect([0, 1, 2, 3, 4, 5, 6].map(top5Of)).toEqual([0, 0, 1, 1, 1, 1, 1])
})

test('an edge belongs to the bin below it', () => {
  for (let bin = 1; bin <= 15; bin++) {
    expect([...binOfRows(Float64Array.of(binEdge(bin)))], `edge ${bin}`).toEqual([bin - 1])
    if (bin < 15)
      expect([...binOfRows(Float64Array.of(binEdge(bin) + 1e-12))], `above ${bin}`).toEqual([bin])
  }
})

test('the most frequent confusions come first, and a matrix of many classes is left out', () => {
  const labels = Int32Array.of(0, 0, 0, 1, 2, 2)
  const logits = new Float32Array(6 * 101)
  for (const [row, said] of [1, 1, 0, 1, 0, 5].entries()) logits[row * 101 + said] = 1
  expect(confusion(scoreRows(logits, labels, 101, null))).toEqual({
    counts: null,
    mostConfused: [
      { label: 0, predicted: 1, count: 2 },
      { label: 2, predicted: 0, count: 1 },
      { label: 2, predicted: 5, count: 1 },
    ],
  })
})

test.each(cases)('neither the order of rows nor a cut into parts matters: $name', (oracle) => {
  const { classes, labels, logits, teacherLogits } = oracle
  const rows = [...labels.keys()].reverse()
  const reorder = (values: readonly number[]): number[] =>
    rows.flatMap((row) => values.slice(row * classes, (row + 1) * classes))
  const turned = {
    ...oracle,
    logits: reorder(logits),
    teacherLogits: reorder(teacherLogits),
    labels: rows.map((row) => labels[row] ?? 0),
  }
  const cut = Math.ceil(labels.length / 3)
  const part = (from: number, to: number): RowScores =>
    scoresOf({
      ...oracle,
      logits: logits.slice(from * classes, to * classes),
      teacherLogits: teacherLogits.slice(from * classes, to * classes),
      labels: labels.slice(from, to),
    })
  const parts =
    cut < labels.length ? [part(0, cut), part(cut, labels.length)] : [part(0, labels.length)]
  for (const scores of [scoresOf(turned), joinScores(parts)]) {
    const got = measure(scores)
    for (const name of METRIC_NAMES) expectClose(got[name], oracle.metrics[name], name)
  }
})

test('the largest logits of a float give finite metrics', () => {
  const largest = 3.4e38
  const logits = Float32Array.of(largest, -largest, -largest, largest)
  const got = measure(scoreRows(logits, Int32Array.of(0, 0), 2, Float32Array.of(0, 0, 0, 0)))
  for (const name of METRIC_NAMES)
    if (got[name] !== null) expect(Number.isFinite(got[name]), name).toBe(true)
  expect(got.accuracy).toBe(0.5)
})

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
  'a logit of %d is an error that names row and class',
  (logit) => {
    expect(() => scoreRows(Float32Array.of(0, 1, 2, logit), Int32Array.of(0, 1), 2, null)).toThrow(
      `the network answered ${logit} for class 1 of row 1`,
    )
  },
)

test('logits and labels that do not fit are errors', () => {
  const logits = Float32Array.of(0, 1, 2, 3)
  const score = (labels: Int32Array, classes: number) => () =>
    scoreRows(logits, labels, classes, null)
  expect(score(Int32Array.of(0, 1), 3)).toThrow('need 6 logits, got 4')
  expect(score(Int32Array.of(0, 2), 2)).toThrow('label 2 of row 1')
  expect(score(Int32Array.of(0, -1), 2)).toThrow('label -1 of row 1')
  expect(score(new Int32Array(0), 2)).toThrow('no rows')
  expect(() => scoreRows(logits, Int32Array.of(0, 1), 2, Float32Array.of(1, 2))).toThrow('got 2')
})
