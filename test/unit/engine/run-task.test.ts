import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { resolveAugmentation } from '../../../src/domain/augmentation.ts'
import type { LayerSpec } from '../../../src/domain/layers.ts'
import { JOB_METHODS, readsFeatures } from '../../../src/domain/methods/job-methods.ts'
import type { Network } from '../../../src/domain/network.ts'
import { npyHeader } from '../../../src/domain/npy-header.ts'
import { resolveObjective, type TermSpec } from '../../../src/domain/objective.ts'
import { VERSION } from '../../../src/domain/version.ts'
import { readDataset } from '../../../workers/engine/datasets.ts'
import { readSafetensors } from '../../../workers/engine/export/safetensors.ts'
import { fitNormalization, toNormalization } from '../../../workers/engine/normalization.ts'
import { runPredict } from '../../../workers/engine/run-predict.ts'
import { runTrain } from '../../../workers/engine/run-task.ts'
import { tf } from '../../../workers/engine/tensorflow.ts'
import {
  type EpochMetrics,
  OUTPUT_FILES,
  type TrainTask,
} from '../../../workers/trainer-contract.ts'
import { inferred, rowNumbers, trainingOf } from './support.ts'
import { taskFiles } from './task-files.ts'
import { placed } from './terms.ts'

const files = taskFiles()
afterAll(() => files[Symbol.dispose]())

const none: Uint32Array = new Uint32Array()
const rows = { training: rowNumbers(60), heldOut: rowNumbers(30, 60), validation: none }
const final = { training: rowNumbers(90), heldOut: none, validation: none }
const hooks = { onProgress: () => undefined, onEpoch: () => undefined }
const { signal } = new AbortController()
const run = (task: TrainTask, of = rows) => runTrain(task, of, hooks, signal)
const read = (task: TrainTask, file: keyof typeof OUTPUT_FILES): Buffer =>
  readFileSync(path.join(task.outputDirectory, OUTPUT_FILES[file]))
const floats = (bytes: Buffer): Float32Array => new Float32Array(new Uint8Array(bytes).buffer)

test('a fold of a student leaves its held-out logits, its curve and nothing else', async () => {
  const task = files.task()
  const result = await run(task)
  expect(readdirSync(task.outputDirectory)).toEqual([
    OUTPUT_FILES.curve,
    OUTPUT_FILES.heldOutLogits,
  ])
  expect(read(task, 'heldOutLogits').length).toBe(30 * 3 * 4)
  expect(result).toMatchObject({
    files: ['heldOutLogits', 'curve'],
    trainingRows: 60,
    heldOutRows: 30,
    steps: 8,
  })
  expect(result.normalization).toEqual(
    toNormalization(fitNormalization(await readDataset(files.dataset), rows.training)),
  )
})

test('weights that were made comparable are in the result and in a file', async () => {
  const teaching = files.task({ arm: 'teacher' })
  await run(teaching)
  const task = files.task({
    arm: 'distilled',
    objective: resolveObjective(),
    teacherLogitsPath: path.join(teaching.outputDirectory, OUTPUT_FILES.allLogits),
    suggestWeights: { steps: 2 },
  })
  const { suggestedWeights, files: left } = await run(task)
  expect(left).toContain('suggestedWeights')
  expect(suggestedWeights?.[0]?.map(({ method }) => method)).toEqual([
    'soft-targets',
    'hard-labels',
  ])
  expect(JSON.parse(read(task, 'suggestedWeights').toString())).toEqual(suggestedWeights)
})

test('a teacher leaves its logits on all rows, in agreement with the held-out ones', async () => {
  const task = files.task({ arm: 'teacher' })
  const result = await run(task)
  expect(result.files).toEqual(['heldOutLogits', 'allLogits', 'curve'])
  const [all, heldOut] = [floats(read(task, 'allLogits')), floats(read(task, 'heldOutLogits'))]
  expect(all.length).toBe(90 * 3)
  for (const [index, value] of heldOut.entries()) expect(all[60 * 3 + index]).toBeCloseTo(value, 5)
})

test('a delivered final answers the test set, and its file predicts the same logits again', async () => {
  const task = files.task({ fold: null, deliver: true, testSet: files.dataset })
  const result = await run(task, final)
  expect(result.files).toEqual(['testLogits', 'curve', 'safetensors', 'tfjs'])
  const { metadata, arrays } = readSafetensors(read(task, 'safetensors'))
  expect(JSON.parse(metadata.network ?? '')).toEqual(task.network)
  expect(JSON.parse(metadata.classNames ?? '')).toEqual(['a', 'b', 'c'])
  expect(JSON.parse(metadata.manifest ?? '')).toEqual({
    ...task.manifest,
    versions: {
      distillery: VERSION,
      node: process.version.slice(1),
      tensorflow: expect.stringMatching(/^2\.\d+\.\d+/),
    },
  })
  expect(arrays.slice(-2).map(({ name }) => name)).toEqual([
    'normalization.mean',
    'normalization.standardDeviation',
  ])
  const again = files.task()
  const predicted = await runPredict(
    {
      kind: 'predict',
      dataset: files.dataset,
      testSet: null,
      teacher: {
        kind: 'network',
        network: task.network,
        weightsPath: path.join(task.outputDirectory, OUTPUT_FILES.safetensors),
        normalization: result.normalization,
      },
      outputDirectory: again.outputDirectory,
    },
    hooks,
    signal,
  )
  expect(predicted.files).toEqual(['allLogits'])
  expect(read(again, 'allLogits')).toEqual(read(task, 'testLogits'))
})

test('tokens that are no whole numbers, or that the table lacks, are found before training', async () => {
  const layers: LayerSpec[] = [
    { type: 'flatten' },
    { type: 'embedding', inputDim: 2, outputDim: 4 },
    { type: 'globalAveragePooling1d' },
    { type: 'dense', units: 3 },
  ]
  const featuresPath = path.join(path.dirname(files.dataset.featuresPath), 'tokens.f32')
  const task = files.task({
    network: inferred({ layers }, files.dataset.inputShape, 3),
    normalization: 'none',
    dataset: { ...files.dataset, featuresPath },
  })
  const numbers = Float32Array.from({ length: 90 * 16 }, (_, at) => at % 2)
  const outcome = (value: number) => {
    numbers[16 + 3] = value
    writeFileSync(featuresPath, numbers)
    return run(task)
  }
  expect((await outcome(1)).steps).toBe(8)
  for (const value of [0.5, 2, -1])
    await expect(outcome(value)).rejects.toMatchObject({
      code: 'token-out-of-range',
      message: `row 1, feature 3 is ${value}, but the embedding takes whole numbers from 0 to 1`,
    })
})

test('recorded outputs are the logits of their rows, for dataset and test set', async () => {
  const task = files.task()
  const logits = Float32Array.from({ length: 90 * 3 }, (_, index) => index / 7)
  const outputsPath = path.join(task.outputDirectory, 'recorded.npy')
  writeFileSync(outputsPath, Buffer.concat([npyHeader(90, 3), Buffer.from(logits.buffer)]))
  const predicted = (testSet: typeof files.dataset | null, testOutputsPath: string | null) =>
    runPredict(
      {
        kind: 'predict',
        dataset: files.dataset,
        testSet,
        teacher: { kind: 'outputs', outputsPath, testOutputsPath },
        outputDirectory: task.outputDirectory,
      },
      hooks,
      signal,
    )
  expect((await predicted(files.dataset, outputsPath)).files).toEqual(['allLogits', 'testLogits'])
  expect(floats(read(task, 'allLogits'))).toEqual(logits)
  expect(floats(read(task, 'testLogits'))).toEqual(logits)
  await expect(predicted(files.dataset, null)).rejects.toThrow(/no outputs of the test set/)
  writeFileSync(outputsPath, Buffer.from(logits.buffer))
  await expect(predicted(null, null)).rejects.toThrow(/has 1080 bytes but its shape needs 1208/)
})

test('the same task gives the same bytes in every file', async () => {
  const tasks = [files.task({ deliver: true }), files.task({ deliver: true })] as const
  for (const task of tasks) await run(task)
  for (const file of ['heldOutLogits', 'safetensors', 'tfjs'] as const)
    expect(read(tasks[0], file)).toEqual(read(tasks[1], file))
})

test('control and distilled start from the same weights and take the same batches', async () => {
  const control = files.task()
  await run(control)
  const teacherLogitsPath = path.join(control.outputDirectory, 'teacher')
  writeFileSync(teacherLogitsPath, new Float32Array(90 * 3).fill(1))
  // With a weight of 0 the teacher has no say: what is left must be the control.
  const distilled = files.task({
    arm: 'distilled',
    teacherLogitsPath,
    objective: resolveObjective({
      terms: [
        { method: 'soft-targets', weight: 0 },
        { method: 'hard-labels', weight: 1 },
      ],
    }),
  })
  await run(distilled)
  expect(read(distilled, 'heldOutLogits')).toEqual(read(control, 'heldOutLogits'))
  const teacher = files.task({ arm: 'teacher' })
  await run(teacher)
  expect(read(teacher, 'heldOutLogits')).not.toEqual(read(control, 'heldOutLogits'))
})

test('each member and each assistant has a start of its own, and answers every row', async () => {
  const answers: string[] = []
  for (const arm of ['member', 'assistant'] as const)
    for (const index of [0, 1]) {
      const task = files.task({ arm, index })
      await run(task)
      answers.push(read(task, 'heldOutLogits').toString('hex'))
      expect(floats(read(task, 'allLogits'))).toHaveLength(90 * 3)
    }
  const teacher = files.task({ arm: 'teacher' })
  await run(teacher)
  expect(new Set([...answers, read(teacher, 'heldOutLogits').toString('hex')]).size).toBe(5)
})

test('the share of known labels is about the student; a teacher knows all', async () => {
  const logitsOf = async (changes: Partial<TrainTask>): Promise<Buffer> => {
    const task = files.task(changes)
    await run(task)
    return read(task, 'heldOutLogits')
  }
  expect(await logitsOf({ labelledFraction: 0.1 })).not.toEqual(await logitsOf({}))
  for (const arm of ['teacher', 'member'] as const)
    expect(await logitsOf({ arm, labelledFraction: 0.1 })).toEqual(await logitsOf({ arm }))
  const assistant = { arm: 'assistant', index: 0 } as const
  expect(await logitsOf({ ...assistant, labelledFraction: 0.1 })).not.toEqual(
    await logitsOf(assistant),
  )
})

test.each([
  ['no rows', {}, { ...rows, training: new Uint32Array() }, 'no-training-rows'],
  [
    'rows of another shape',
    { network: inferred({ preset: 'logistic' }, [4, 4, 2], 3) },
    rows,
    'network-does-not-fit',
  ],
  [
    'another number of classes',
    { network: inferred({ preset: 'logistic' }, [4, 4, 1], 5) },
    rows,
    'network-does-not-fit',
  ],
  ['no teacher', { objective: resolveObjective() }, rows, 'teacher-missing'],
  [
    'a network without weights',
    { network: { inputShape: [4, 4, 1], layers: [] } },
    rows,
    'network-does-not-fit',
  ],
])('%s: refused as the user’s mistake', async (_, changes, of, code) => {
  await expect(run(files.task(changes), of)).rejects.toMatchObject({ name: 'InputError', code })
})

test('tasks leave no tensors behind', () => {
  expect(tf.memory().numTensors).toBe(0)
})

test('rows set aside for validation train neither weights nor normalization, and leave a record', async () => {
  const parts = { ...rows, training: rowNumbers(50), validation: rowNumbers(10, 50) }
  const training = trainingOf({ epochs: 2, batchSize: 16, validationFraction: 0.2 })
  const task = files.task({ training })
  const result = await run(task, parts)
  expect(result).toMatchObject({ trainingRows: 50, validation: { rows: 10, takenEpoch: 2 } })
  expect(JSON.parse(read(task, 'validation').toString())).toEqual(result.validation)
  expect(result.normalization).toEqual(
    toNormalization(fitNormalization(await readDataset(files.dataset), parts.training)),
  )
})

test('a teacher of a fold leaves its weights where its student has to ask it about augmented rows', async () => {
  const teaching = files.task({ arm: 'teacher', keepWeights: true })
  expect((await run(teaching)).files).toEqual([
    'heldOutLogits',
    'allLogits',
    'curve',
    'safetensors',
  ])
  const augmentation = resolveAugmentation({ shift: { pixels: 1 } }, files.dataset.inputShape)
  const student = (changes: Partial<TrainTask> = {}) =>
    files.task({
      arm: 'distilled',
      objective: resolveObjective(),
      training: { ...trainingOf({ epochs: 2, batchSize: 16 }), augmentation },
      teacher: {
        network: teaching.network,
        weightsPath: path.join(teaching.outputDirectory, OUTPUT_FILES.safetensors),
        normalization: 'in-weights-file',
      },
      ...changes,
    })
  const [one, two] = [student(), student()]
  await run(one)
  await run(two)
  expect(read(two, 'heldOutLogits')).toEqual(read(one, 'heldOutLogits'))
  // The teacher's normalization counts: it is not the identity.
  const { teacher } = student()
  const other = student({ teacher: teacher && { ...teacher, normalization: null } })
  await run(other)
  expect(read(other, 'heldOutLogits')).not.toEqual(read(one, 'heldOutLogits'))
})

test.each(JOB_METHODS.filter(readsFeatures))(
  'a student learns by %s from the weights of a teacher, and delivers itself only',
  async (method) => {
    const architecture = (filters: number): LayerSpec[] => [
      { type: 'conv2d', name: 'conv', filters, kernelSize: 2, activation: 'relu' },
      ...(method === 'class-attention'
        ? [{ type: 'globalAveragePooling2d' } as const]
        : ([
            { type: 'flatten' },
            { type: 'dense', name: 'features', units: filters + 3, activation: 'relu' },
          ] as const)),
      { type: 'dense', name: 'logits', units: 3 },
    ]
    const [own, other] = [2, 4].map((filters) =>
      inferred({ layers: architecture(filters) }, files.dataset.inputShape, 3),
    ) as [Network, Network]
    const teaching = files.task({ arm: 'teacher', network: other, keepWeights: true })
    await run(teaching)
    const objective = placed([{ method, weight: 1 } as TermSpec, 'hard-labels'], {
      student: own,
      teacher: other,
    })
    const task = files.task({
      arm: 'distilled',
      fold: null,
      deliver: true,
      network: own,
      objective,
      labelledFraction: 0.5,
      teacher: {
        network: other,
        weightsPath: path.join(teaching.outputDirectory, OUTPUT_FILES.safetensors),
        normalization: 'in-weights-file',
      },
    })
    const epochs: EpochMetrics[] = []
    const recorded = { ...hooks, onEpoch: (metrics: EpochMetrics) => epochs.push(metrics) }
    await runTrain(task, final, recorded, signal)
    expect(
      epochs.every(
        ({ terms }) => terms.length === 2 && terms.every(({ value }) => Number.isFinite(value)),
      ),
    ).toBe(true)
    const names = readSafetensors(read(task, 'safetensors')).arrays.map(({ name }) => name)
    expect(names).toEqual([
      'conv.kernel',
      'conv.bias',
      ...(method === 'class-attention' ? [] : ['features.kernel', 'features.bias']),
      'logits.kernel',
      'logits.bias',
      'normalization.mean',
      'normalization.standardDeviation',
    ])
  },
)
