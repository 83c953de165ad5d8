import { expect, test } from 'vitest'
import type { JobSpec } from '../../../src/domain/job-spec.ts'
import { innerParts } from '../../../src/splits/inner-folds.ts'
import { partition } from '../../../src/splits/split.ts'
import { randomStream, uniform } from '../../../workers/engine/random.ts'
import { type LocalRows, localJob } from '../../support/run-locally.ts'

const ROWS = 60
const WIDTH = 5
const CLASSES = 3

const rows = (): LocalRows => ({
  shape: [WIDTH],
  classes: CLASSES,
  features: uniform(ROWS * WIDTH, 1, randomStream(3)),
  labels: Int32Array.from({ length: ROWS }, (_, row) => row % CLASSES),
})
const training = {
  epochs: 3,
  batchSize: 16,
  optimizer: { name: 'adam', learningRate: 0.02 },
} as const
const base: Partial<JobSpec> = {
  teacher: { train: { architecture: { preset: 'mlp', hiddenUnits: [8] }, training } },
  student: { architecture: { preset: 'mlp', hiddenUnits: [4], dropout: 0.2 } },
  training,
  objective: { terms: [{ method: 'soft-targets', weight: 1, temperature: 2 }] },
  evaluation: { folds: 3, stratified: false, teacherPerFold: 'cross-fit', innerFolds: 4 },
  seed: 42,
}
const split = { kind: 'k-fold', folds: 3, stratified: false, seed: 42 } as const
const { labels } = rows()
const ofFold = partition(split, labels, 0).training
const inner = (index: number) =>
  innerParts({ index, of: 4 }, split, 42, 0, ofFold, labels, null).heldOut
const floats = (bytes: Buffer): Float32Array =>
  new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))

async function answersOf(index: number, of: LocalRows): Promise<Float32Array> {
  using job = localJob(of, base)
  const key = `teacher/fold-0/inner-${index}`
  await job.run((one) => one === key)
  return floats(job.file(key, 'heldOutLogits'))
}

test('inner folds cover the training rows of the fold once, and no row that it holds out', () => {
  const covered = [0, 1, 2, 3].flatMap((index) => [...inner(index)])
  expect(covered.sort((a, b) => a - b)).toEqual([...ofFold])
})

test('the teacher of an inner fold learns nothing from its rows, and does from the others', async () => {
  const clean = await answersOf(1, rows())
  expect(clean).toHaveLength(inner(1).length * CLASSES)
  const [own] = inner(1)
  const [other] = inner(2)
  const relabelled = (row: number | undefined): LocalRows => {
    const changed = rows()
    const at = row ?? -1
    changed.labels[at] = ((changed.labels[at] ?? 0) + 1) % CLASSES
    return changed
  }
  expect(await answersOf(1, relabelled(own))).toEqual(clean)
  expect(await answersOf(1, relabelled(other))).not.toEqual(clean)
})

test('a student learns each row from the teacher that did not see it', async () => {
  using job = localJob(rows(), base)
  await job.run((key) => /fold-0\/inner|^distilled\/fold-0/.test(key))
  const logits = new Float32Array(ROWS * CLASSES)
  for (let index = 0; index < 4; index++) {
    const part = floats(job.file(`teacher/fold-0/inner-${index}`, 'heldOutLogits'))
    for (const [at, row] of inner(index).entries())
      logits.set(part.subarray(at * CLASSES, (at + 1) * CLASSES), row * CLASSES)
  }
  using known = localJob(rows(), {
    ...base,
    evaluation: { folds: 3, stratified: false, teacherPerFold: 'retrain' },
  })
  known.give('teacher/fold-0', 'allLogits', new Uint8Array(logits.buffer))
  await known.run((key) => key === 'distilled/fold-0')
  const weightsOf = (of: typeof job) => tensorBytes(of.file('distilled/fold-0', 'safetensors'))
  expect(weightsOf(job)).toEqual(weightsOf(known))
})

/** Without the header, which names the teacher. */
const tensorBytes = (file: Buffer): Buffer => file.subarray(8 + Number(file.readBigUInt64LE(0)))

test('rows of one group are never on both sides of an inner fold', () => {
  const groups = labels.map((_, row) => row % 15)
  const grouped = { ...split, grouped: true } as const
  const { training: trained } = partition(grouped, labels, 1, groups)
  for (let index = 0; index < 4; index++) {
    const parts = innerParts({ index, of: 4 }, grouped, 42, 1, trained, labels, groups)
    const held = new Set(Array.from(parts.heldOut, (row) => groups[row]))
    expect(parts.heldOut.length).toBeGreaterThan(0)
    expect([...parts.training].some((row) => held.has(groups[row]))).toBe(false)
  }
})
