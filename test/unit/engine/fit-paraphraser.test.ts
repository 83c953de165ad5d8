import { expect, test } from 'vitest'
import { autoencoder } from '../../../src/domain/methods/factors.ts'
import type { TermOf } from '../../../src/domain/objective.ts'
import { networkUpTo } from '../../../src/domain/tap-points.ts'
import { fitParaphraser } from '../../../workers/engine/fit-paraphraser.ts'
import { predict } from '../../../workers/engine/predict.ts'
import { tf } from '../../../workers/engine/tensorflow.ts'
import { termConstants } from '../../../workers/engine/term-constants.ts'
import { train } from '../../../workers/engine/train.ts'
import { initialize, matchWeights } from '../../../workers/engine/weights.ts'
import type { EpochMetrics } from '../../../workers/trainer-contract.ts'
import { data, inputOf, rows } from './step-outcomes.ts'
import { trainingOf } from './support.ts'
import { placed, teacher } from './terms.ts'

const { signal } = new AbortController()
const termOf = (options: object = {}): TermOf<'factor-transfer'> =>
  placed([{ method: 'factor-transfer', ...options }])[0] as TermOf<'factor-transfer'>
const told = { data, rows, labels: data.labels, classes: 3 }

test.each([
  ['a vector', 'features'],
  ['a map', 'conv1'],
])(
  'an encoder of %s has the channels of a factor, and is the same in every run',
  async (_, tap) => {
    const fitted = (options: object = {}, of = told) =>
      fitParaphraser(termOf({ paraphraserEpochs: 3, ...options }), tap, teacher, of, signal)
    const [first, again] = [await fitted(), await fitted()]
    expect(again).toEqual(first)
    const channels = tap === 'conv1' ? 2 : 4
    expect(first.at(-1)?.shape).toEqual([channels])
    expect((await fitted({ factorRate: 1 })).at(-1)?.shape).toEqual([tap === 'conv1' ? 4 : 7])
    expect((await fitted({ paraphraserSeed: 1 }))[0]?.values).not.toEqual(first[0]?.values)
    // Neither held-out rows nor labels make a difference.
    const changed = { ...data, values: data.values.slice() }
    for (let row = 0; row < data.count; row++)
      if (!rows.includes(row)) changed.values.fill(9, row * data.width, (row + 1) * data.width)
    const blind = { ...told, data: changed, labels: data.labels.map(() => -1) }
    expect(await fitted({}, blind)).toEqual(first)
    expect(tf.memory().numTensors).toBe(0)
  },
)

test('what is fitted comes to give the features back, compiled too', async () => {
  const part = networkUpTo(teacher.network, 'conv1')
  const network = autoencoder([4, 4, 4], 4)
  const epochs: EpochMetrics[] = []
  const [reconstruction] = placed(['logit-mse'])
  if (!reconstruction) throw new Error('no term')
  const trained = await train(
    inputOf({
      network,
      objective: [reconstruction],
      initialWeights: initialize(network, 3),
      training: trainingOf({
        epochs: 100,
        batchSize: 16,
        optimizer: { name: 'adam', learningRate: 0.01 },
      }),
      labels: data.labels.map(() => -1),
      teacherLogits: null,
      normalization: teacher.normalization,
      teacher: { ...teacher, network: part, weights: teacher.weights.slice(0, 2) },
      reconstructsTeacher: true,
      classes: 64,
    }),
    { onEpoch: (epoch) => epochs.push(epoch), onProgress: () => undefined },
    signal,
  )
  expect(trained.execution.mode).toBe('graph')
  const weights = matchWeights(part, teacher.weights)
  const features = await predict(part, weights, data, rows, teacher.normalization, signal)
  const mean = features.reduce((sum, value) => sum + value, 0) / features.length
  const variance = features.reduce((sum, value) => sum + (value - mean) ** 2, 0) / features.length
  // The mean alone would leave half the variance.
  expect(epochs.at(-1)?.loss).toBeLessThan(0.25 * 0.5 * variance)
})

test('each term of factor transfer is told an encoder of its own', async () => {
  const terms = [
    termOf({ paraphraserEpochs: 1 }),
    termOf({ paraphraserEpochs: 1, paraphraserSeed: 5 }),
  ]
  const constants = await termConstants(terms, teacher, told, signal)
  expect(constants).toHaveLength(12)
  expect(new Set(constants.map(({ name }) => name)).size).toBe(12)
})
