/** A report with made-up numbers that every part of a page has something to show of. Its names are markup. */
import type { ArmReport } from '../../src/domain/report/arm.ts'
import type { Estimate, Summary } from '../../src/domain/report/interval.ts'
import { byMetric, type MetricName, type Metrics } from '../../src/domain/report/metrics.ts'
import type { Pooled, PooledArm } from '../../src/domain/report/pooled.ts'
import type { Report } from '../../src/domain/report/report.ts'
import type { EpochRow } from '../../src/domain/task.ts'

export const CLASS_NAMES = ['<b>cat</b>', 'dog & "co"', "<script>alert('x')</script>"]
const FOLDS = 5
const BINS = 15
/** Of each fold; the control's are lower. */
const GAINS = [0.05, 0.06, 0.04, 0.055, 0.065]

const LEVELS: Readonly<Record<'teacher' | 'distilled' | 'control', number>> = {
  teacher: 0.98,
  distilled: 0.95,
  control: 0.896,
}
type ArmName = keyof typeof LEVELS

const value = (arm: ArmName, name: MetricName): number | null => {
  if (name === 'top5Accuracy') return null
  if (arm === 'teacher' && /agreement|klFrom/.test(name)) return null
  return name === 'nll' || name === 'klFromTeacher' ? 1 - LEVELS[arm] : LEVELS[arm]
}

const accuracyIn = (arm: ArmName, fold: number): number =>
  arm === 'control'
    ? LEVELS.distilled + 0.002 * fold - (GAINS[fold] ?? 0)
    : LEVELS[arm] + 0.002 * fold

const metricsIn = (arm: ArmName, fold: number): Metrics =>
  byMetric((name) => (name === 'accuracy' ? accuracyIn(arm, fold) : value(arm, name)))

const summary = (mean: number | null): Summary => ({
  mean,
  standardDeviation: mean === null ? null : 0.01,
  n: mean === null ? 0 : FOLDS,
  interval: mean === null ? null : { low: mean - 0.02, high: mean + 0.02, method: 'corrected-t' },
})

const estimate = (mean: number | null): Estimate => ({
  value: mean,
  interval: mean === null ? null : { low: mean - 0.03, high: mean + 0.03, method: 'bootstrap' },
})

const difference = (a: ArmName, b: ArmName, name: MetricName): number | null => {
  const [first, second] = [value(a, name), value(b, name)]
  return first === null || second === null ? null : first - second
}

const arm = (name: ArmName): ArmReport => ({
  parameters: name === 'teacher' ? 24_934 : 1210,
  weightBytes: name === 'teacher' ? 99_736 : 4840,
  flops: name === 'teacher' ? 480_000 : 24_000,
  latency: {
    batch1: {
      p50Ms: name === 'teacher' ? 0.4 : 0.1,
      p95Ms: name === 'teacher' ? 0.6 : 0.2,
      runs: 200,
    },
    batch64: {
      p50Ms: name === 'teacher' ? 4 : 1,
      p95Ms: name === 'teacher' ? 6 : 2,
      runs: 200,
    },
  },
  trainingSeconds: name === 'teacher' ? 3 : 0.5,
  metrics: byMetric((metric) => summary(value(name, metric))),
  tapSimilarity: null,
  validation: null,
})

/** `[label][answer]`; a hundred rows a class. */
export const CONFUSION = [
  [95, 4, 1],
  [0, 98, 2],
  [7, 0, 93],
]

const pooledArm = (name: ArmName): PooledArm => ({
  metrics: byMetric((metric) => estimate(value(name, metric))),
  perClass: CLASS_NAMES.map((_, index) => ({
    class: index,
    support: 100,
    predicted: 100,
    precision: LEVELS[name],
    recall: LEVELS[name],
    f1: LEVELS[name],
  })),
  reliability: Array.from({ length: BINS }, (_, bin) => {
    const isFull = bin >= BINS / 2
    const confidence = (bin + 0.5) / BINS
    return {
      low: bin / BINS,
      high: (bin + 1) / BINS,
      count: isFull ? 10 * bin : 0,
      meanConfidence: isFull ? confidence : null,
      accuracy: isFull ? confidence - 0.05 : null,
    }
  }),
  confusion: { counts: CONFUSION, mostConfused: [{ label: 2, predicted: 0, count: 7 }] },
})

const pooled = (): Pooled => ({
  rows: 300,
  predictions: 300,
  groups: null,
  arms: {
    teacher: pooledArm('teacher'),
    distilled: pooledArm('distilled'),
    control: pooledArm('control'),
  },
  gain: pooledDifference('control'),
  loss: pooledDifference('teacher'),
})

const pooledDifference = (other: ArmName) => ({
  metrics: byMetric((metric) => estimate(difference('distilled', other, metric))),
  perClass: CLASS_NAMES.map((_, index) => ({
    class: index,
    precision: estimate(0.01 * index),
    recall: estimate(0.01 * index),
    f1: estimate(0.04 * index - 0.02),
  })),
})

export function sampleReport(changes: Partial<Report> = {}): Report {
  const gain = GAINS.reduce((sum, one) => sum + one, 0) / FOLDS
  const interval = { low: gain - 0.02, high: gain + 0.02, method: 'corrected-t' as const }
  const comparison = (second: 'control' | 'teacher', mean: number) => ({
    first: 'distilled' as const,
    second,
    correctedT: [
      {
        metric: 'accuracy' as const,
        mean,
        standardDeviation: 0.01,
        n: FOLDS,
        degreesOfFreedom: FOLDS - 1,
        statistic: 8.1,
        interval: { low: mean - 0.02, high: mean + 0.02, method: 'corrected-t' as const },
        p: 0.0013,
        pHolm: 0.0026,
      },
    ],
    mcnemar: {
      rows: 300,
      bothRight: 260,
      onlyFirstRight: 25,
      onlySecondRight: 9,
      bothWrong: 6,
      p: 0.009,
      pHolm: 0.018,
    },
  })
  return {
    version: 2,
    dataset: {
      id: 'ds_test',
      name: '<img src=x onerror=alert(1)>',
      contentSha256: 'c'.repeat(64),
      rows: 300,
      inputShape: [4],
      classNames: CLASS_NAMES,
    },
    evaluation: {
      protocol: 'k-fold',
      folds: FOLDS,
      repeats: 1,
      stratified: true,
      groups: null,
      splitSha256: 'd'.repeat(64),
      teacherPerFold: 'frozen',
      innerFolds: null,
      reportedEpoch: { teacher: 'last', student: 'last' },
      labelledFraction: 0.1,
      seed: 42,
    },
    verdict: {
      outcome: 'distilled-better',
      metric: 'accuracy',
      test: 'corrected-resampled-t',
      p: 0.0013,
      mcnemarP: 0.009,
      gain,
      gainInterval: interval,
      loss: -0.03,
      lossInterval: { low: -0.05, high: -0.01, method: 'corrected-t' },
      gapClosed: 0.64,
      generalises: false,
      sentence: 'The distilled student is better than the control.',
    },
    stamps: ['The teacher may have seen held-out rows.'],
    warnings: [
      { code: 'small-class', message: `Classes with few rows: "${CLASS_NAMES[0]}".`, numbers: {} },
    ],
    arms: { teacher: arm('teacher'), distilled: arm('distilled'), control: arm('control') },
    gain: byMetric((name) => summary(difference('distilled', 'control', name))),
    loss: byMetric((name) => summary(difference('distilled', 'teacher', name))),
    significance: {
      level: 0.05,
      confidenceLevel: 0.95,
      bootstrap: { resamples: 2000, unit: 'row', interval: 'percentile', seed: 42 },
      comparisons: [comparison('control', gain), comparison('teacher', -0.03)],
    },
    pooled: { folds: pooled(), final: null },
    teacherFit: {
      training: { rows: 1200, accuracy: 1, nll: 0.01, meanConfidence: 0.99 },
      heldOut: { rows: 300, accuracy: 0.98, nll: 0.06, meanConfidence: 0.97 },
      softLabels: [{ method: 'soft-targets', temperature: 4, meanLargest: 0.8, meanEntropy: 0.7 }],
      shift: 0.05,
    },
    convergence: null,
    folds: GAINS.map((_, fold) => ({
      fold,
      repeat: 0,
      heldOutRows: 60,
      trainingRows: 240,
      teacher: metricsIn('teacher', fold),
      distilled: metricsIn('distilled', fold),
      control: metricsIn('control', fold),
    })),
    final: null,
    ...changes,
  }
}

/** Both students in two folds; no validation rows, so only the accuracy while training is known. */
export const sampleEpochs = (epochs = 10): EpochRow[] =>
  [0, 1].flatMap((fold) =>
    (['distilled', 'control'] as const).flatMap((student) =>
      Array.from({ length: epochs }, (_, index) => ({
        task: `${student}/fold-${fold}`,
        arm: student,
        fold,
        attempt: 1,
        values: {
          epoch: index + 1,
          validationAccuracy: null,
          validationLoss: null,
          trainAccuracy: LEVELS[student] - 0.5 * 0.7 ** index - 0.02 * fold,
        },
      })),
    ),
  )
