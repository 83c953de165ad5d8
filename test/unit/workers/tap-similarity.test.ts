import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JobSpec } from '../../../src/domain/job-spec.ts'
import type { Report } from '../../../src/domain/report/report.ts'
import { foldOfRow } from '../../../src/splits/split.ts'
import { readSafetensors } from '../../../workers/engine/export/safetensors.ts'
import { randomStream, uniform } from '../../../workers/engine/random.ts'
import type { TapSimilarity } from '../../../workers/trainer-contract.ts'
import { type LocalJob, type LocalRows, localJob } from '../../support/run-locally.ts'

const [ROWS, WIDTH, CLASSES] = [90, 6, 3]
const rows = (): LocalRows => {
  const labels = Int32Array.from({ length: ROWS }, (_, row) => row % CLASSES)
  const features = uniform(ROWS * WIDTH, 1, randomStream(5))
  for (const [row, label] of labels.entries())
    features[row * WIDTH + label] = (features[row * WIDTH + label] as number) + 1
  return { shape: [WIDTH], classes: CLASSES, features, labels }
}
const training = {
  epochs: 3,
  batchSize: 16,
  optimizer: { name: 'adam', learningRate: 0.02 },
} as const
const network = (units: number): JobSpec['student'] => ({
  architecture: {
    layers: [
      { type: 'dense', name: 'hidden', units, activation: 'relu' },
      { type: 'dense', name: 'logits', units: CLASSES },
    ],
  },
})
const taps = { student: 'hidden', teacher: 'hidden' }
const spec: Partial<JobSpec> = {
  teacher: { train: { ...network(12), training } },
  student: network(5),
  training,
  objective: {
    terms: [
      { method: 'feature-hint', weight: 1, taps },
      { method: 'similarity-preserving', weight: 1, taps },
      { method: 'hard-labels' },
    ],
  },
  evaluation: { folds: 3 },
}

let job: LocalJob
let report: Report
beforeAll(async () => {
  job = localJob(rows(), spec)
  await job.run()
  report = JSON.parse(job.file('report', 'report').toString()) as Report
}, 120_000)
afterAll(() => job[Symbol.dispose]())

const measured = (fold: number): TapSimilarity[] =>
  JSON.parse(job.file(`distilled/fold-${fold}`, 'tapSimilarity').toString())

/** What the hidden layer gives, by the formula, from a delivered file. */
function hidden(key: string, heldOut: readonly number[]): number[][] {
  const { arrays } = readSafetensors(job.file(key, 'safetensors'))
  const find = (name: string): Float32Array => {
    const found = arrays.find((array) => array.name === name)
    if (!found) throw new Error(`no ${name}`)
    return found.values
  }
  const [mean, deviation] = [find('normalization.mean'), find('normalization.standardDeviation')]
  const [kernel, bias] = [find('hidden.kernel'), find('hidden.bias')]
  const { features } = rows()
  return heldOut.map((row) =>
    [...bias].map((start, unit) => {
      let sum = start
      for (let at = 0; at < WIDTH; at++) {
        const value = (features[row * WIDTH + at] as number) - (mean[at] as number)
        sum += (value / (deviation[at] as number)) * (kernel[at * bias.length + unit] as number)
      }
      return Math.max(0, sum)
    }),
  )
}

/** Distances of rows, centred twice: another way to the same number. */
function ckaOf(x: number[][], y: number[][]): number {
  const gram = (of: number[][]): number[][] => {
    const n = of.length
    const products = of.map((a) =>
      of.map((b) => a.reduce((sum, value, at) => sum + value * (b[at] ?? 0), 0)),
    )
    const means = products.map((row) => row.reduce((sum, value) => sum + value / n, 0))
    const mean = means.reduce((sum, value) => sum + value / n, 0)
    return products.map((row, i) =>
      row.map((value, j) => value - (means[i] ?? 0) - (means[j] ?? 0) + mean),
    )
  }
  const [k, l] = [gram(x).flat(), gram(y).flat()]
  const inner = (a: number[], b: number[]) => a.reduce((sum, v, at) => sum + v * (b[at] ?? 0), 0)
  return inner(k, l) / Math.sqrt(inner(k, k) * inner(l, l))
}

test('student and teacher are compared on the held-out rows of the fold, each pair of layers once', () => {
  const { labels } = rows()
  const split = { kind: 'k-fold', folds: 3, stratified: true, seed: 42 } as const
  const foldOf = foldOfRow(split, labels)
  for (const fold of [0, 1, 2]) {
    const heldOut = [...labels.keys()].filter((row) => foldOf[row] === fold)
    const [only, ...more] = measured(fold)
    expect(more).toEqual([])
    expect(only).toMatchObject({ studentTap: 'hidden', teacherTap: 'hidden', rows: heldOut.length })
    const wanted = ckaOf(
      hidden(`distilled/fold-${fold}`, heldOut),
      hidden(`teacher/fold-${fold}`, heldOut),
    )
    expect(only?.value).toBeCloseTo(wanted, 5)
  }
})

test('the report has the mean over the folds for the student, and null for the others', () => {
  const values = [0, 1, 2].map((fold) => measured(fold)[0]?.value ?? Number.NaN)
  const { distilled, control, teacher } = report.arms
  expect(distilled.tapSimilarity).toEqual([
    {
      studentTap: 'hidden',
      teacherTap: 'hidden',
      rows: 30,
      value: expect.closeTo(
        values.reduce((sum, value) => sum + value / 3, 0),
        12,
      ),
    },
  ])
  expect([control?.tapSimilarity, teacher.tapSimilarity]).toEqual([null, null])
})

test('nothing is compared where no row is held out, or no term compares layers', async () => {
  expect(() => job.file('distilled/final', 'tapSimilarity')).toThrow()
  using plain = localJob(rows(), { ...spec, objective: { variant: 'category' } })
  await plain.run((key) => /^(teacher|distilled)\/fold-0$/.test(key))
  expect(() => plain.file('distilled/fold-0', 'tapSimilarity')).toThrow()
})
