import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { partition } from '../../../src/splits/split.ts'
import { readSafetensors } from '../../../workers/engine/export/safetensors.ts'
import { executeTask } from '../../../workers/execute-task.ts'
import {
  OUTPUT_FILES,
  type Rebalancing,
  type TrainTask,
} from '../../../workers/trainer-contract.ts'
import { inferred, trainingOf } from './support.ts'
import { taskFiles } from './task-files.ts'

const files = taskFiles()
afterAll(() => files[Symbol.dispose]())

const hooks = { onProgress: () => undefined, onEpoch: () => undefined }
const { signal } = new AbortController()
const run = (task: TrainTask) => executeTask(task, hooks, signal)
const bytes = (task: TrainTask, file: keyof typeof OUTPUT_FILES): Buffer =>
  readFileSync(path.join(task.outputDirectory, OUTPUT_FILES[file]))
const floats = (task: TrainTask, file: 'heldOutLogits' | 'allLogits'): Float32Array =>
  new Float32Array(new Uint8Array(bytes(task, file)).buffer)

const labels = new Int32Array(new Uint8Array(readFileSync(files.dataset.labelsPath)).buffer)
const countOf = (of: number): number => labels.filter((label) => label === of).length
const CLASSES = 3
const OMITTED = 1
const ALL: Partial<TrainTask> = { fold: null, deliver: true }

test('rows of an omitted class are not trained on, and all held-out rows are answered', async () => {
  const training = partition(files.task().split, labels, 0).training
  const left = training.filter((row) => labels[row] !== OMITTED).length
  const task = files.task({ omittedClasses: [OMITTED] })
  const result = await run(task)
  expect(result).toMatchObject({
    trainingRows: left,
    heldOutRows: 30,
    files: ['heldOutLogits', 'curve'],
  })
  expect(left).toBeLessThan(training.length)
})

test('what the omitted rows are like changes nothing, not even the normalization', async () => {
  const features = new Float32Array(new Uint8Array(readFileSync(files.dataset.featuresPath)).buffer)
  const width = features.length / labels.length
  const poisoned = features.map((value, at) =>
    labels[Math.floor(at / width)] === OMITTED ? 1000 : value,
  )
  const featuresPath = `${files.dataset.featuresPath}.poisoned`
  writeFileSync(featuresPath, poisoned)
  const other = { ...files.dataset, featuresPath }
  const tasks = [files.dataset, other].map((dataset) =>
    files.task({ ...ALL, dataset, omittedClasses: [OMITTED] }),
  )
  for (const task of tasks) await run(task)
  const [one, two] = tasks.map((task) => bytes(task, 'safetensors'))
  expect(two).toEqual(one)
  const all = files.task({ ...ALL, dataset: other })
  await run(all)
  expect(bytes(all, 'safetensors')).not.toEqual(one)
})

test('validation rows and known labels are drawn from what is left', async () => {
  const training = trainingOf({ epochs: 1, batchSize: 16, validationFraction: 0.2 })
  const change = { ...ALL, training, omittedClasses: [OMITTED] }
  const left = labels.length - countOf(OMITTED)
  const whole = await run(files.task(change))
  expect(whole.trainingRows + (whole.validation?.rows ?? 0)).toBe(left)
  expect(whole.validation?.rows).toBe(Math.round(0.2 * left))
  const few = await run(files.task({ ...change, labelledFraction: 0.5 }))
  expect(few.validation?.rows).toBeLessThanOrEqual(Math.round(0.1 * left) + 1)
  expect(few.trainingRows + (few.validation?.rows ?? 0)).toBe(left)
})

/** Labels alone: without rows of its own a class is all but never the answer. */
const unbalanced = (changes: Partial<TrainTask>): TrainTask =>
  files.task({
    ...ALL,
    network: inferred({ preset: 'logistic' }, [4, 4, 1], CLASSES),
    training: trainingOf({
      epochs: 40,
      batchSize: 16,
      optimizer: { name: 'adam', learningRate: 0.05 },
    }),
    omittedClasses: [OMITTED],
    testSet: files.dataset,
    ...changes,
  })

test('a raised bias gives the class its share of the training rows, in the delivered weights alone', async () => {
  const [plain, raised] = [unbalanced({}), unbalanced({ rebalanceOmitted: true })]
  expect((await run(plain)).files).not.toContain('rebalancing')
  expect((await run(raised)).files).toContain('rebalancing')
  const [record, ...more] = JSON.parse(bytes(raised, 'rebalancing').toString()) as Rebalancing[]
  if (!record) throw new Error('no record')
  expect(more).toEqual([])
  const share = countOf(OMITTED) / labels.length
  expect(record).toMatchObject({ class: OMITTED, targetShare: share, shareAfter: share })
  expect(record.shareBefore).toBeLessThan(share)
  expect(record.biasShift).toBeGreaterThan(0)

  const [before, after] = [plain, raised].map((task) => {
    const { arrays } = readSafetensors(bytes(task, 'safetensors'))
    return new Map(arrays.map(({ name, values }) => [name, [...values]]))
  })
  for (const [name, values] of before ?? []) {
    const now = after?.get(name)
    if (name !== 'logits.bias') expect(now, name).toEqual(values)
    else
      expect(now?.map((value, at) => value - (values[at] ?? 0))).toEqual([0, record.biasShift, 0])
  }

  const logits = new Float32Array(new Uint8Array(bytes(raised, 'testLogits')).buffer)
  const unchanged = new Float32Array(new Uint8Array(bytes(plain, 'testLogits')).buffer)
  for (const [at, value] of logits.entries()) {
    const shift = at % CLASSES === OMITTED ? record.biasShift : 0
    expect(value).toBeCloseTo((unchanged[at] ?? 0) + shift, 5)
  }
  const answered = labels.filter((_, row) => {
    const own = logits.subarray(row * CLASSES, (row + 1) * CLASSES)
    return own.indexOf(Math.max(...own)) === OMITTED
  })
  expect(answered.length).toBe(countOf(OMITTED))
})

test('held-out rows have no part in the shift', async () => {
  const fold = {
    fold: 0,
    deliver: false,
    keepWeights: true,
    testSet: null,
    rebalanceOmitted: true,
  } as const
  const { training } = partition(files.task().split, labels, 0)
  const share = training.filter((row) => labels[row] === OMITTED).length / training.length
  const task = unbalanced(fold)
  await run(task)
  const [record] = JSON.parse(bytes(task, 'rebalancing').toString()) as Rebalancing[]
  expect(record).toMatchObject({ targetShare: share, shareAfter: share })
  expect(floats(task, 'heldOutLogits').length).toBe(30 * CLASSES)
})
