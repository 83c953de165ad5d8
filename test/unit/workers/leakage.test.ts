/** What a fold holds out must not reach its student by any way: the same student comes out whatever stands there. */
import { expect, test } from 'vitest'
import type { JobSpec } from '../../../src/domain/job-spec.ts'
import type { LatencyRecord } from '../../../src/domain/latency.ts'
import type { Report } from '../../../src/domain/report/report.ts'
import { foldOfRow } from '../../../src/splits/split.ts'
import { randomStream, uniform } from '../../../workers/engine/random.ts'
import { type LocalRows, localJob } from '../../support/run-locally.ts'

const ROWS = 72
const SHAPE = [4, 4, 1]
const PIXELS = 16

/** Three classes, each bright in a corner of its own; twelve groups. */
function clean(): LocalRows {
  const labels = Int32Array.from({ length: ROWS }, (_, row) => row % 3)
  const features = uniform(ROWS * PIXELS, 1, randomStream(5))
  for (const [row, label] of labels.entries())
    for (const pixel of [5 * label, 5 * label + 1])
      features[row * PIXELS + pixel] = (features[row * PIXELS + pixel] as number) + 1
  return { shape: SHAPE, classes: 3, features, labels, groups: labels.map((_, row) => row % 12) }
}

const network = (filters: number): JobSpec['student'] => ({
  architecture: {
    layers: [
      { type: 'conv2d', name: 'map', filters, kernelSize: 3, padding: 'same' },
      { type: 'activation', activation: 'relu' },
      { type: 'flatten' },
      { type: 'dense', name: 'hidden', units: 6, activation: 'tanh' },
      { type: 'dense', units: 3 },
    ],
  },
})
const training = {
  epochs: 2,
  batchSize: 16,
  optimizer: { name: 'adam', learningRate: 0.02 },
} as const
const soft = { method: 'soft-targets', weight: 0.9, temperature: 2 } as const
const hard = { method: 'hard-labels', weight: 0.1 } as const
// Not stratified: else another label would be another split.
const evaluation = { folds: 3, stratified: false } as const

const base: Partial<JobSpec> = {
  teacher: { train: { ...network(4), training } },
  student: network(3),
  training,
  objective: { terms: [soft, hard] },
  evaluation,
}
const split = { kind: 'k-fold', folds: 3, stratified: false, seed: 42 } as const

/** The same rows, but for one that fold 0 holds out: absurd values and another label. */
function poisoned(of: Parameters<typeof foldOfRow>[0]): LocalRows {
  const rows = clean()
  const row = foldOfRow(of, rows.labels, rows.groups).indexOf(0)
  rows.features.fill(1e4, row * PIXELS, (row + 1) * PIXELS)
  rows.labels[row] = ((rows.labels[row] as number) + 1) % 3
  return rows
}

/** Everything that the student of fold 0 is, and how it was trained. */
async function studentsOf(rows: LocalRows, changes: Partial<JobSpec>): Promise<string[]> {
  using job = localJob(rows, { ...base, ...changes })
  const frozen = changes.evaluation?.teacherPerFold === 'frozen'
  const teacher = frozen ? 'teacher/final' : 'teacher/fold-0'
  await job.run((key) => key.startsWith(teacher) || /^(distilled|control)\/fold-0$/.test(key))
  const files = ['distilled/fold-0', 'control/fold-0'].map((key) => job.file(key, 'safetensors'))
  const validates = changes.training?.earlyStopping !== undefined
  if (validates) files.push(job.file('distilled/fold-0', 'validation'))
  return files.map((file) => file.toString('base64'))
}

const hint = { method: 'feature-hint', weight: 1, taps: { student: 'hidden', teacher: 'hidden' } }
const prototypes = {
  method: 'prototype-direction',
  weight: 1,
  taps: { student: 'hidden', teacher: 'hidden' },
}
const margins = { method: 'overhaul', weight: 1, taps: { student: 'map', teacher: 'map' } }
const early = { ...training, earlyStopping: { patience: 1 } }

const ways: [string, Partial<JobSpec>][] = [
  ['normalization and soft labels', {}],
  ['the choice of labelled rows', { transfer: { labelledFraction: 0.5 } }],
  [
    'inner validation of student and teacher',
    { training: early, teacher: { train: { ...network(4), training: early } } },
  ],
  ['a hint and its projector', { objective: { terms: [hint, soft, hard] } as never }],
  ['prototypes', { objective: { terms: [prototypes, soft, hard] } as never }],
  ['margins', { objective: { terms: [margins, soft, hard] } as never }],
  [
    'a teacher that answers augmented rows',
    { training: { ...training, augmentation: { noise: { standardDeviation: 0.1 } } } },
  ],
  ['soft labels of cross-fit', { evaluation: { ...evaluation, teacherPerFold: 'cross-fit' } }],
]
test.each(ways)('a held-out row reaches the student of its fold not by %s', async (_, changes) => {
  const plain = await studentsOf(clean(), changes)
  expect(await studentsOf(poisoned(split), changes)).toEqual(plain)
})

test('nor by any of them where rows are kept in groups', async () => {
  const changes: Partial<JobSpec> = {
    training: early,
    objective: { terms: [hint, prototypes, soft, hard] } as never,
    evaluation: { ...evaluation, groups: true },
  }
  const plain = await studentsOf(clean(), changes)
  expect(await studentsOf(poisoned({ ...split, grouped: true }), changes)).toEqual(plain)
})

test('with one teacher for all folds it does reach the student, but not the control', async () => {
  const changes = { evaluation: { ...evaluation, teacherPerFold: 'frozen' } } as const
  const [distilled, control] = await studentsOf(clean(), changes)
  const [leaked, same] = await studentsOf(poisoned(split), changes)
  expect(leaked).not.toBe(distilled)
  expect(same).toBe(control)
})

test('a row that a fold trains on does change its student', async () => {
  const rows = clean()
  const row = foldOfRow(split, rows.labels).indexOf(1)
  rows.features.fill(3, row * PIXELS, (row + 1) * PIXELS)
  expect(await studentsOf(rows, {})).not.toEqual(await studentsOf(clean(), {}))
})

/** Nothing to learn: labels are tossed. */
function randomLabels(): LocalRows {
  const rows = 160
  const features = uniform(rows * 8, 1, randomStream(11))
  const labels = Int32Array.from(uniform(rows, 1, randomStream(12)), (value) => (value < 0 ? 0 : 1))
  return { shape: [8], classes: 2, features, labels }
}
const memorizing: Partial<JobSpec> = {
  teacher: {
    train: {
      architecture: { preset: 'mlp', hiddenUnits: [128] },
      training: { epochs: 60, batchSize: 32, optimizer: { name: 'adam', learningRate: 0.02 } },
    },
  },
  student: { architecture: { preset: 'mlp', hiddenUnits: [32] } },
  training: { epochs: 20, batchSize: 32, optimizer: { name: 'adam', learningRate: 0.01 } },
}
async function reportOf(teacherPerFold: 'retrain' | 'frozen' | 'cross-fit'): Promise<Report> {
  const sharedTeacher = teacherPerFold === 'frozen' ? 'teacher/final' : null
  using job = localJob(randomLabels(), {
    ...memorizing,
    evaluation: { folds: 2, teacherPerFold },
  })
  // Only a teacher of all folds is needed among what is trained on all rows.
  const timed = { batch1: null, batch64: null }
  const latency: LatencyRecord = { teacher: timed, student: timed, processor: 'none' }
  job.give('latency', 'latency', JSON.stringify(latency))
  await job.run((key) => !/final|latency/.test(key) || key === sharedTeacher)
  return JSON.parse(job.file('report', 'report').toString())
}
/** Four standard deviations of a mean of 160 tosses. */
const CHANCE = 4 * Math.sqrt(0.25 / 160)

test.each(['retrain', 'cross-fit'] as const)(
  'random labels cannot be predicted: under %s all arms are at chance level',
  async (teacherPerFold) => {
    const { arms, stamps } = await reportOf(teacherPerFold)
    for (const arm of [arms.teacher, arms.distilled, arms.control])
      expect(Math.abs((arm?.metrics.accuracy.mean ?? 0) - 0.5)).toBeLessThan(CHANCE)
    expect(stamps.join()).not.toContain('may have seen')
    expect(stamps).toHaveLength(teacherPerFold === 'cross-fit' ? 1 : 0)
  },
)

test('a teacher that has seen the held-out rows of random labels shines, and the report says why', async () => {
  const { arms, stamps } = await reportOf('frozen')
  expect(arms.teacher.metrics.accuracy.mean).toBeGreaterThan(0.9)
  expect(stamps).toEqual([expect.stringMatching(/^The teacher may have seen held-out rows/)])
  expect(stamps[0]).toContain('the gain is no evidence of better results on new data')
})
