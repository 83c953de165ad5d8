import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JobSpec } from '../../../src/domain/job-spec.ts'
import type { Report } from '../../../src/domain/report/report.ts'
import { foldOfRow } from '../../../src/splits/split.ts'
import { readSafetensors } from '../../../workers/engine/export/safetensors.ts'
import { randomStream, uniform } from '../../../workers/engine/random.ts'
import { type LocalJob, type LocalRows, localJob } from '../../support/run-locally.ts'

const [ROWS, WIDTH, CLASSES] = [90, 6, 3]
const rows = (): LocalRows => {
  const labels = Int32Array.from({ length: ROWS }, (_, row) => row % CLASSES)
  const features = uniform(ROWS * WIDTH, 1, randomStream(5))
  for (const [row, label] of labels.entries())
    features[row * WIDTH + label] = (features[row * WIDTH + label] as number) + 1
  return { shape: [WIDTH], classes: CLASSES, features, labels }
}
const spec: Partial<JobSpec> = {
  teacher: { peer: { architecture: { preset: 'mlp', hiddenUnits: [24] } } },
  student: { architecture: { preset: 'mlp', hiddenUnits: [8] } },
  training: { epochs: 4, batchSize: 16, optimizer: { name: 'adam', learningRate: 0.02 } },
  evaluation: { folds: 3 },
}
const numbers = (file: Buffer): Float32Array => new Float32Array(new Uint8Array(file).buffer)

let job: LocalJob
let report: Report
beforeAll(async () => {
  job = localJob(rows(), spec)
  await job.run()
  report = JSON.parse(job.file('report', 'report').toString()) as Report
}, 120_000)
afterAll(() => job[Symbol.dispose]())

test('the report has the peer in place of a teacher, and says so', () => {
  const { teacher, distilled, control } = report.arms
  expect(report.stamps).toEqual([expect.stringContaining('it means the peer')])
  // 6 · 24 + 24 + 24 · 3 + 3 against 6 · 8 + 8 + 8 · 3 + 3.
  expect([teacher.parameters, distilled.parameters]).toEqual([243, 83])
  expect([teacher.latency, teacher.trainingSeconds]).toEqual([null, null])
  expect(distilled.latency).not.toBeNull()
  expect(control?.trainingSeconds).toBeGreaterThan(0)
  expect(report.warnings.map(({ code }) => code)).not.toContain('teacher-not-better')
})

test('its numbers are those of what the peer answers on held-out rows', () => {
  const { labels } = rows()
  const foldOf = foldOfRow({ kind: 'k-fold', folds: 3, stratified: true, seed: 42 }, labels)
  for (const { fold, teacher } of report.folds) {
    const logits = numbers(job.file(`distilled/fold-${fold}`, 'peerLogits'))
    const heldOut = [...labels.keys()].filter((row) => foldOf[row] === fold)
    const right = heldOut.filter((row) => {
      const answer = logits.subarray(row * CLASSES, (row + 1) * CLASSES)
      return answer.indexOf(Math.max(...answer)) === labels[row]
    })
    expect(teacher.accuracy).toBeCloseTo(right.length / heldOut.length, 12)
  }
})

test('the student is delivered and the peer is not', () => {
  const names = readSafetensors(job.file('distilled/final', 'safetensors')).arrays.map(
    ({ name }) => name,
  )
  expect(names.filter((name) => name.includes('peer'))).toEqual([])
  expect(() => job.file('teacher/final', 'safetensors')).toThrow()
})

test('control and student begin alike: a peer that is hardly heard leaves the student as the control', async () => {
  const terms = [{ method: 'mutual', weight: 1e-12 }, { method: 'hard-labels' }] as const
  using quiet = localJob(rows(), { ...spec, objective: { terms } })
  await quiet.run((key) => /^(distilled|control)\/fold-0$/.test(key))
  const [distilled, control] = ['distilled', 'control'].map((arm) =>
    readSafetensors(quiet.file(`${arm}/fold-0`, 'safetensors')).arrays.map(({ name, values }) => ({
      name,
      values: [...values].map((value) => Math.round(value * 1e5)),
    })),
  )
  expect(distilled).toEqual(control)
})
