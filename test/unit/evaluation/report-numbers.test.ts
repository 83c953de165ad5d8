/** The numbers of a report against the same numbers worked out from its rows. */

import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { expect, test } from 'vitest'
import type { Evaluation } from '../../../src/domain/evaluation.ts'
import { METRIC_NAMES } from '../../../src/domain/report/metrics.ts'
import type { ResolvedJob } from '../../../src/domain/resolved-job.ts'
import type { ComparedArm } from '../../../src/domain/words.ts'
import { partition } from '../../../src/splits/split.ts'
import { measure } from '../../../workers/evaluation/metrics/metrics.ts'
import { scoreRows } from '../../../workers/evaluation/metrics/row-scores.ts'
import { describePool } from '../../../workers/evaluation/report/describe-pool.ts'
import type { MeasuredPart } from '../../../workers/evaluation/report/measured-part.ts'
import { firstPredictions, poolParts } from '../../../workers/evaluation/report/pool.ts'
import { resamplePool } from '../../../workers/evaluation/report/resampled.ts'
import { Fixture, HOLDOUT } from './report-fixture.ts'

const random = xoroshiro128plus(5)
const uniform = (): number => (random.next() >>> 0) / 2 ** 32

/** Two logits a row that favour the label by `strength`. */
const noisy = (labels: Int32Array, strength: number): Float32Array =>
  Float32Array.from(
    [...labels].flatMap((label) =>
      [0, 1].map((one) => (one === label ? strength : 0) + 2 * uniform() - 1),
    ),
  )

const STRENGTH: Record<ComparedArm, number> = { teacher: 0.9, distilled: 0.6, control: 0.3 }

/** 200 rows in five folds, answered at random; the teacher on all rows. */
function randomFolds(evaluation: Partial<Evaluation> = {}) {
  const fixture = new Fixture(200, {
    split: { kind: 'k-fold', folds: 5, stratified: true, seed: 1 },
    ...evaluation,
  })
  const answers: Record<ComparedArm, Float32Array> = {
    teacher: new Float32Array(400),
    distilled: new Float32Array(400),
    control: new Float32Array(400),
  }
  for (let fold = 0; fold < 5; fold++) {
    const { heldOut } = partition(fixture.job.evaluation.split, fixture.labels, fold)
    const labels = Int32Array.from(heldOut, (row) => fixture.labels[row] ?? -1)
    for (const arm of ['teacher', 'distilled', 'control'] as const) {
      const logits = noisy(labels, STRENGTH[arm])
      for (const [at, row] of heldOut.entries())
        answers[arm].set(logits.subarray(2 * at, 2 * at + 2), 2 * row)
      const path = `${arm}/${fold}`
      if (arm === 'teacher') continue
      fixture.put(path, logits)
      fixture.logits.push({ arm, fold, covers: 'held-out', path })
    }
  }
  for (let fold = 0; fold < 5; fold++) {
    fixture.put(`teacher/${fold}`, answers.teacher)
    fixture.logits.push({ arm: 'teacher', fold, covers: 'all', path: `teacher/${fold}` })
  }
  return { fixture, answers }
}

test('pooled numbers are those of all held-out rows together, and lie in their intervals', () => {
  const { fixture, answers } = randomFolds()
  const { pooled, folds } = fixture.build()
  expect(pooled.final).toBeNull()
  const pool = pooled.folds
  if (!pool) throw new Error('no folds')
  expect(pool).toMatchObject({ rows: 200, predictions: 200, groups: null })
  for (const arm of ['teacher', 'distilled', 'control'] as const) {
    const teacher = arm === 'teacher' ? null : answers.teacher
    const expected = measure(scoreRows(answers[arm], fixture.labels, 2, teacher))
    for (const name of METRIC_NAMES) {
      const { value, interval } = pool.arms[arm]?.metrics[name] ?? {}
      if (expected[name] === null) expect(value, name).toBeNull()
      else {
        expect(value, `${arm} ${name}`).toBeCloseTo(expected[name], 12)
        // The bootstrap of a calibration error is biased upwards, and F1 hardly.
        if (name !== 'ece')
          expect(interval?.low, `${arm} ${name}`).toBeLessThanOrEqual(value ?? Number.NaN)
        expect(interval?.high, `${arm} ${name}`).toBeGreaterThanOrEqual(value ?? Number.NaN)
      }
    }
    expect(pool.arms[arm]?.metrics.accuracy.interval?.method).toBe('wilson')
    expect(pool.arms[arm]?.metrics.nll.interval?.method).toBe('bootstrap')
    expect(pool.arms[arm]?.confusion.counts?.flat().reduce((a, b) => a + b)).toBe(200)
    expect(pool.arms[arm]?.perClass.map(({ support }) => support)).toEqual([100, 100])
  }
  const mean = folds.reduce((sum, fold) => sum + (fold.distilled.accuracy ?? 0), 0) / 5
  expect(pool.arms.distilled.metrics.accuracy.value).toBeCloseTo(mean, 12)
})

test('differences are paired: what both arms have in common cancels out', () => {
  const { fixture } = randomFolds()
  const { pooled, significance } = fixture.build()
  const pool = pooled.folds
  const gain = pool?.gain?.metrics.accuracy
  expect(gain?.value).toBeCloseTo(
    (pool?.arms.distilled.metrics.accuracy.value ?? 0) -
      (pool?.arms.control?.metrics.accuracy.value ?? 0),
    14,
  )
  for (const [index, one] of (pool?.gain?.perClass ?? []).entries()) {
    const [distilled, control] = [
      pool?.arms.distilled.perClass[index],
      pool?.arms.control?.perClass[index],
    ]
    for (const rate of ['precision', 'recall', 'f1'] as const) {
      expect(one[rate].value).toBeCloseTo((distilled?.[rate] ?? 0) - (control?.[rate] ?? 0), 14)
      expect(one[rate].interval?.low).toBeLessThan(one[rate].value ?? Number.NaN)
      expect(one[rate].interval?.high).toBeGreaterThan(one[rate].value ?? Number.NaN)
    }
  }
  const [ofGain, ofLoss, ofGap] = significance.comparisons
  expect([ofGain, ofLoss, ofGap].map((one) => [one?.first, one?.second])).toEqual([
    ['distilled', 'control'],
    ['distilled', 'teacher'],
    ['teacher', 'control'],
  ])
  const { onlyFirstRight = 0, onlySecondRight = 0, rows = 1 } = ofGain?.mcnemar ?? {}
  expect((onlyFirstRight - onlySecondRight) / rows).toBeCloseTo(gain?.value ?? Number.NaN, 14)
  const ps = significance.comparisons.map(({ mcnemar }) => mcnemar.p)
  for (const { mcnemar } of significance.comparisons) {
    expect(mcnemar.pHolm).toBeGreaterThanOrEqual(mcnemar.p)
    expect(mcnemar.pHolm).toBeLessThanOrEqual(Math.min(1, ps.length * mcnemar.p) + 1e-15)
  }
})

test('the verdict tells gain, loss and the gap that was closed', () => {
  const { fixture } = randomFolds()
  const { verdict, significance, gain, loss } = fixture.build()
  expect(verdict.gain).toBe(gain?.accuracy.mean)
  expect(verdict.loss).toBe(loss.accuracy.mean)
  const gap = significance.comparisons[2]?.correctedT.find(({ metric }) => metric === 'accuracy')
  expect(gap?.p).toBeLessThan(0.05)
  expect(verdict.gapClosed).toBeCloseTo((verdict.gain ?? 0) / (gap?.mean ?? 0), 14)
  expect(verdict.sentence).toMatch(
    /^(Distilled beats control by|No significant difference: distilled is) \d+\.\d points of accuracy.*\(.*95 % CI -?\d+\.\d to -?\d+\.\d; corrected resampled t over 5 folds, p [=<] 0\.\d+; exact McNemar on 200 rows, p [=<] 0\.\d+\)\. It is \d+\.\d points (above|below) its teacher \(distilled minus teacher: 95 % CI -?\d+\.\d to -?\d+\.\d\)\. It closes \d+\.\d % of the gap between control and teacher\.$/,
  )
  expect(verdict.generalises).toBe(true)
})

/** One part of `rows` rows, each `copies` times, with answers of three arms. */
function partOf(
  rows: Uint32Array,
  copies: number,
  labels: Int32Array,
  logits: Record<ComparedArm, Float32Array>,
): MeasuredPart {
  const scores = (arm: ComparedArm) =>
    scoreRows(logits[arm], labels, 2, arm === 'teacher' ? null : logits.teacher)
  const arms = {
    teacher: scores('teacher'),
    distilled: scores('distilled'),
    control: scores('control'),
  }
  return {
    fold: 0,
    rows,
    trainingRows: copies * rows.length,
    scores: arms,
    metrics: {
      teacher: measure(arms.teacher),
      distilled: measure(arms.distilled),
      control: measure(arms.control),
    },
  }
}

test('groups of equal rows are resampled as wholes: four copies of a row are no more evidence than one', () => {
  const single = Int32Array.from({ length: 60 }, (_, row) => row % 2)
  const answers = {
    teacher: noisy(single, 0.9),
    distilled: noisy(single, 0.6),
    control: noisy(single, 0.3),
  }
  const copy = (values: Float32Array): Float32Array =>
    Float32Array.from({ length: 4 * values.length }, (_, at) => values[at % values.length] ?? 0)
  const labels = Int32Array.from({ length: 240 }, (_, row) => row % 2)
  const part = partOf(Uint32Array.from(labels.keys()), 4, labels, {
    teacher: copy(answers.teacher),
    distilled: copy(answers.distilled),
    control: copy(answers.control),
  })
  const width = (groups: Int32Array | null, of = part): number => {
    const pool = poolParts([of], groups)
    const { gain } = describePool(pool, resamplePool(pool, 1))
    return (gain?.metrics.nll.interval?.high ?? 0) - (gain?.metrics.nll.interval?.low ?? 0)
  }
  const groups = Int32Array.from(labels, (_, row) => row % 60)
  const ofSingle = width(null, partOf(Uint32Array.from(single.keys()), 1, single, answers))
  expect(width(groups)).toBeCloseTo(ofSingle, 12)
  expect(width(null)).toBeLessThan(0.65 * ofSingle)
  const grouped = poolParts([part], groups)
  const described = describePool(grouped, resamplePool(grouped, 1))
  expect(described).toMatchObject({ rows: 240, predictions: 240, groups: 60 })
  expect(described.arms.teacher.metrics.accuracy.interval?.method).toBe('bootstrap')
})

test('repeated folds: rows are counted once, resampled with all their predictions, and McNemar takes the first', () => {
  const labels = Int32Array.from({ length: 40 }, (_, row) => row % 2)
  const rows = Uint32Array.from(labels.keys())
  const answers = () => ({
    teacher: noisy(labels, 0.9),
    distilled: noisy(labels, 0.6),
    control: noisy(labels, 0.3),
  })
  const pool = poolParts(
    [partOf(rows, 1, labels, answers()), partOf(rows.toReversed(), 1, labels, answers())],
    null,
  )
  const described = describePool(pool, resamplePool(pool, 1))
  expect(described).toMatchObject({ rows: 40, predictions: 80, groups: null })
  expect(described.arms.distilled.metrics.accuracy.interval?.method).toBe('bootstrap')
  expect([...firstPredictions(pool)]).toEqual([...rows])
})

const SOFT = (temperature: number): Pick<ResolvedJob, 'objective'> => ({
  objective: [{ method: 'soft-targets', weight: 1, temperature }],
})

test('a retrained teacher is described on the rows it was trained on and on those it never saw', () => {
  const { fixture, answers } = randomFolds()
  const { teacherFit } = fixture.build(SOFT(2))
  // Each row is trained on in four folds of five and held out in one; here the answers are the same.
  const { accuracy, nll, meanConfidence } = measure(
    scoreRows(answers.teacher, fixture.labels, 2, null),
  )
  for (const [part, rows] of [
    ['training', 800],
    ['heldOut', 200],
  ] as const) {
    expect(teacherFit[part]?.rows).toBe(rows)
    expect(teacherFit[part]?.accuracy).toBeCloseTo(accuracy ?? 0, 12)
    expect(teacherFit[part]?.nll).toBeCloseTo(nll ?? 0, 12)
    expect(teacherFit[part]?.meanConfidence).toBeCloseTo(meanConfidence ?? 0, 12)
  }
  expect(teacherFit.shift).toBeCloseTo(0, 12)
  expect(teacherFit.softLabels).toMatchObject([{ method: 'soft-targets', temperature: 2 }])
})

test('soft labels that are nearly one-hot are warned about with temperature and confidence', () => {
  const { fixture, answers } = randomFolds()
  for (let fold = 0; fold < 5; fold++)
    fixture.put(
      `teacher/${fold}`,
      answers.teacher.map((logit) => 400 * logit),
    )
  const hard = fixture.build(SOFT(4))
  expect(hard.teacherFit.softLabels[0]?.meanLargest).toBeGreaterThan(0.99)
  expect(hard.warnings).toContainEqual(
    expect.objectContaining({
      code: 'soft-labels-nearly-one-hot',
      message: expect.stringContaining('nearly one-hot at temperature 4'),
    }),
  )
  const soft = fixture.build(SOFT(400)).warnings.map(({ code }) => code)
  expect(soft).not.toContain('soft-labels-nearly-one-hot')
})

test('a teacher that knows its training rows by heart and no others is called shifted, and worse than guessing', () => {
  const { fixture } = randomFolds()
  const { labels, job } = fixture
  for (let fold = 0; fold < 5; fold++) {
    const { heldOut } = partition(job.evaluation.split, labels, fold)
    const isHeldOut = new Set(heldOut)
    const says = Float32Array.from(
      [...labels].flatMap((label, row) => {
        // Of held-out rows every second one is wrong.
        const said = isHeldOut.has(row) && row % 4 < 2 ? 1 - label : label
        return said === 0 ? [5, -5] : [-5, 5]
      }),
    )
    fixture.put(`teacher/${fold}`, says)
  }
  const { teacherFit, warnings } = fixture.build()
  expect(teacherFit.training).toMatchObject({ accuracy: 1 })
  expect(teacherFit.heldOut).toMatchObject({ accuracy: 0.5 })
  expect(teacherFit.shift).toBeCloseTo(5, 1)
  const codes = warnings.map(({ code }) => code)
  expect(codes).toContain('teacher-shift')
  expect(codes).toContain('teacher-worse-than-guessing')
  expect(warnings.find(({ code }) => code === 'teacher-shift')?.numbers).toMatchObject({
    heldOutAccuracy: 0.5,
    heldOutNll: teacherFit.heldOut.nll,
    trainingNll: teacherFit.training?.nll,
  })
})

test('of a frozen teacher no shift is claimed, and the verdict does not generalise', () => {
  const { fixture, answers } = randomFolds({ teacherPerFold: 'frozen' })
  fixture.put('frozen', answers.teacher)
  fixture.logits.push({ arm: 'teacher', fold: null, covers: 'all', path: 'frozen' })
  const { teacherFit, verdict } = fixture.build(SOFT(4))
  expect(teacherFit).toMatchObject({ training: { rows: 200 }, shift: null })
  expect(verdict.generalises).toBe(false)
  expect(verdict.sentence).toMatch(
    /may have seen the rows that were held out, so this is no evidence for new data\.$/,
  )
})

test('k-fold without a control has no gain, and still a loss', () => {
  const { fixture } = randomFolds({ control: false })
  const { gain, loss, pooled, significance, verdict } = fixture.build()
  expect(gain).toBeNull()
  expect(pooled.folds?.gain).toBeNull()
  expect(loss.accuracy.n).toBe(5)
  expect(significance.comparisons.map(({ first, second }) => [first, second])).toEqual([
    ['distilled', 'teacher'],
  ])
  expect(verdict).toMatchObject({ outcome: 'no-control', gain: null, p: null, mcnemarP: null })
  expect(verdict.sentence).toMatch(
    /^What the teacher brought is not known: no control was trained\./,
  )
})

test('the seed of the job draws the resamples', () => {
  const { fixture } = randomFolds()
  const [one, same, other] = [fixture.build(), fixture.build(), fixture.build({ seed: 10 })]
  expect(one.pooled).toEqual(same.pooled)
  expect(other.pooled).not.toEqual(one.pooled)
  expect(other.significance.bootstrap.seed).not.toBe(one.significance.bootstrap.seed)
  expect(other.gain).toEqual(one.gain)
})

test('the cost of each network is its weights, bytes and FLOPs', () => {
  const fixture = new Fixture(80, { split: HOLDOUT })
  const labels = fixture.heldOut(null)
  for (const arm of ['teacher', 'distilled', 'control'] as const)
    fixture.answer({ arm, fold: null, covers: 'held-out' }, labels, 0)
  const { arms } = fixture.build()
  expect(arms.teacher.flops).toBe(2 * (2 * 8 + 8 * 2))
  expect(arms.distilled.flops).toBe(2 * (2 * 3 + 3 * 2))
  expect(arms.control?.flops).toBe(arms.distilled.flops)
})
