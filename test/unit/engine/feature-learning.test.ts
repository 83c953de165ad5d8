/** Whole trainings with methods that need more than a pair of layers. */
import { expect, test } from 'vitest'
import type { LayerSpec } from '../../../src/domain/layers.ts'
import type { TermSpec } from '../../../src/domain/objective.ts'
import { fitNormalization } from '../../../workers/engine/normalization.ts'
import { tf } from '../../../workers/engine/tensorflow.ts'
import { train } from '../../../workers/engine/train.ts'
import { initialize, type NamedArray } from '../../../workers/engine/weights.ts'
import type { EpochMetrics } from '../../../workers/trainer-contract.ts'
import { inputOf } from './step-outcomes.ts'
import { networkOf, randomRows, rowNumbers, trainingOf } from './support.ts'
import { placed, taughtInput } from './terms.ts'

const SHAPE = [6, 6, 1]
const data = randomRows(192, SHAPE, 3, 5)
const rows = rowNumbers(192)
const normalization = fitNormalization(data, rows)
const { signal } = new AbortController()

const layers = (filters: number, units: number): LayerSpec[] => [
  { type: 'conv2d', name: 'conv1', filters, kernelSize: 3, padding: 'same', activation: 'relu' },
  { type: 'conv2d', name: 'conv2', filters, kernelSize: 2, strides: 2, activation: 'relu' },
  { type: 'flatten', name: 'flat' },
  { type: 'dense', name: 'features', units, activation: 'relu' },
  { type: 'dense', name: 'logits', units: 3 },
]
const [student, teacherNetwork] = [networkOf(SHAPE, layers(4, 16)), networkOf(SHAPE, layers(8, 24))]
const training = trainingOf({
  epochs: 30,
  batchSize: 32,
  optimizer: { name: 'adam', learningRate: 0.005 },
})

async function trained(input: Parameters<typeof train>[0]) {
  const epochs: EpochMetrics[] = []
  const hooks = { onEpoch: (one: EpochMetrics) => epochs.push(one), onProgress: () => undefined }
  return { ...(await train(input, hooks, signal)), epochs }
}

let teacherWeights: Promise<NamedArray[]> | null = null
/** Trained once, by labels. */
const teach = (): Promise<NamedArray[]> => {
  teacherWeights ??= trained(
    inputOf({
      network: teacherNetwork,
      objective: placed(['hard-labels']),
      training,
      data,
      rows,
      labels: data.labels,
      normalization,
      teacherLogits: null,
      initialWeights: initialize(teacherNetwork, 4),
    }),
  ).then(({ weights }) => weights)
  return teacherWeights
}

/** What the term is of what it was, at most, in the last epoch. */
test.each<[TermSpec, number]>([
  [{ method: 'fsp', weight: 0.5 }, 0.5],
  [{ method: 'review', weight: 0.5 }, 0.8],
  [{ method: 'factor-transfer', weight: 20 }, 0.8],
  [{ method: 'contrastive', weight: 0.1, width: 16 }, 0.95],
])('$method is learned from a teacher, and the labels with it', async (term, share) => {
  const networks = { student, teacher: teacherNetwork }
  const objective = placed([term, 'soft-targets', 'hard-labels'], networks)
  const input = await taughtInput(objective, {
    network: student,
    initialWeights: initialize(student, 1),
    training,
    data,
    rows,
    labels: data.labels,
    normalization,
    teacher: { network: teacherNetwork, weights: await teach(), normalization },
  })
  const { epochs, weights, execution } = await trained(input)
  expect(execution).toMatchObject({ mode: 'graph', isFallback: false })
  expect(weights.map(({ name }) => name)).toEqual(input.initialWeights.map(({ name }) => name))
  const [first, last] = [epochs[0], epochs.at(-1)]
  expect(last?.terms[0]?.value).toBeLessThan(share * (first?.terms[0]?.value ?? 0))
  expect(last?.trainAccuracy).toBeGreaterThan(0.9)
  expect(tf.memory().numTensors).toBe(0)
})
