import { expect, test, vi } from 'vitest'
import { type ResolvedTerm, resolveObjective } from '../../../src/domain/objective.ts'
import { CannotCompile } from '../../../workers/engine/compile/cannot-compile.ts'
import { apply } from '../../../workers/engine/forward.ts'
import { nativeBackend } from '../../../workers/engine/native-backend.ts'
import { fitNormalization } from '../../../workers/engine/normalization.ts'
import { createOptimizer } from '../../../workers/engine/optimizers.ts'
import { predict } from '../../../workers/engine/predict.ts'
import { randomStream, uniform } from '../../../workers/engine/random.ts'
import { tf } from '../../../workers/engine/tensorflow.ts'
import { train } from '../../../workers/engine/train.ts'
import type { TrainingInput } from '../../../workers/engine/training-input.ts'
import {
  createTrainingStep,
  disposeState,
  initialState,
} from '../../../workers/engine/training-step.ts'
import { initialize, upload } from '../../../workers/engine/weights.ts'
import type { EpochMetrics } from '../../../workers/trainer-contract.ts'
import {
  BRANCHES,
  EVERY_LAYER,
  MORE_LAYERS,
  networkOf,
  randomRows,
  rowNumbers,
  trainingOf,
} from './support.ts'

const LABELS: readonly ResolvedTerm[] = [{ method: 'hard-labels', weight: 1, labelSmoothing: 0 }]
const SHAPE = [6, 6, 2]
const data = randomRows(70, SHAPE, 3)
const network = networkOf(SHAPE, EVERY_LAYER)
const rows = rowNumbers(50)

function inputOf(changes: Partial<TrainingInput> = {}): TrainingInput {
  return {
    network,
    objective: resolveObjective(),
    training: trainingOf({ epochs: 3, batchSize: 16 }),
    initialWeights: initialize(changes.network ?? network, 1),
    data,
    rows,
    normalization: fitNormalization(data, rows),
    labels: data.labels,
    teacherLogits: uniform(data.count * 3, 3, randomStream(9)),
    classes: 3,
    seeds: { batches: 2, dropout: 3 },
    ...changes,
  }
}

async function run(changes: Partial<TrainingInput> = {}, signal = new AbortController().signal) {
  const epochs: EpochMetrics[] = []
  const hooks = {
    onEpoch: (metrics: EpochMetrics) => epochs.push(metrics),
    onProgress: () => undefined,
  }
  const trained = await train(inputOf(changes), hooks, signal)
  return { ...trained, epochs }
}

test('two runs give the same bytes, and another seed does not', async () => {
  const [one, two] = [await run(), await run()]
  expect(two.weights).toEqual(one.weights)
  const other = await run({ seeds: { batches: 4, dropout: 3 } })
  expect(other.weights).not.toEqual(one.weights)
  const dropped = await run({ seeds: { batches: 2, dropout: 4 } })
  expect(dropped.weights).not.toEqual(one.weights)
})

test.each([
  ['separable convolutions', MORE_LAYERS],
  ['branches', BRANCHES],
])('two runs of a network with %s give the same bytes', async (_, specs) => {
  const other = networkOf(SHAPE, specs)
  const [one, two] = [await run({ network: other }), await run({ network: other })]
  expect(two.weights).toEqual(one.weights)
})

test('training takes every row of an epoch, the last batch included, and counts its steps', async () => {
  const { steps, epochs } = await run()
  expect(steps).toBe(3 * 4)
  expect(epochs.map(({ epoch, step }) => [epoch, step])).toEqual([
    [1, 4],
    [2, 8],
    [3, 12],
  ])
})

test('nothing outside the training rows has an influence', async () => {
  const clean = await run()
  const values = data.values.slice()
  values.fill(1e20, 50 * data.width)
  const labels = data.labels.slice()
  labels.fill(0, 50)
  const teacherLogits = inputOf().teacherLogits?.slice() ?? null
  teacherLogits?.fill(1e20, 50 * 3)
  const poisonedData = { ...data, values }
  const poisoned = await run({
    data: poisonedData,
    normalization: fitNormalization(poisonedData, rows),
    labels,
    teacherLogits,
  })
  expect(poisoned.weights).toEqual(clean.weights)
})

test('a network learns what can be learnt', async () => {
  const learner = networkOf(SHAPE, [{ type: 'flatten' }, { type: 'dense', units: 3 }])
  const { epochs, weights } = await run({
    network: learner,
    objective: LABELS,
    training: trainingOf({ epochs: 60, optimizer: { name: 'adam', learningRate: 0.02 } }),
  })
  expect(epochs.at(-1)?.trainAccuracy).toBe(1)
  expect(epochs.at(-1)?.loss).toBeLessThan((epochs[0]?.loss ?? 0) / 5)
  const normalization = fitNormalization(data, rows)
  const { signal } = new AbortController()
  const logits = await predict(learner, weights, data, rows, normalization, signal)
  const right = [...rows].filter((row) => {
    const own = logits.subarray(3 * row, 3 * row + 3)
    return own.indexOf(Math.max(...own)) === data.labels[row]
  })
  expect(right.length).toBe(rows.length)
})

test('the loss of an epoch is the weighted sum of its terms, and unlabelled rows do not count', async () => {
  const labels = data.labels.map((label, row) => (row % 2 === 0 ? label : -1))
  const { epochs } = await run({ labels })
  for (const { loss, terms, trainAccuracy } of epochs) {
    const [soft, hard] = terms.map(({ value }) => value)
    expect(loss).toBeCloseTo(0.9 * (soft ?? 0) + 0.1 * (hard ?? 0), 10)
    expect(Number.isInteger(Math.round((trainAccuracy ?? 0) * 25 * 1e6) / 1e6)).toBe(true)
  }
  const none = await run({ labels: new Int32Array(data.count).fill(-1) })
  expect(none.epochs.at(-1)?.trainAccuracy).toBeNull()
})

test('a schedule is followed step by step', async () => {
  const training = trainingOf({
    epochs: 2,
    batchSize: 25,
    schedule: { name: 'cosine' },
    optimizer: { name: 'sgd', learningRate: 0.1 },
  })
  const { epochs } = await run({ training })
  const rate = (step: number): number => (0.1 * (1 + Math.cos((Math.PI * step) / 4))) / 2
  expect(epochs.map(({ learningRate }) => learningRate)).toEqual([rate(1), rate(3)])
})

test('a loss that is no longer a number fails with term, epoch and step', async () => {
  const training = trainingOf({
    epochs: 50,
    optimizer: { name: 'sgd', learningRate: 100, momentum: 0.9 },
  })
  const deep = networkOf(SHAPE, [
    { type: 'flatten' },
    { type: 'dense', units: 8 },
    { type: 'dense', units: 8 },
    { type: 'dense', units: 3 },
  ])
  await expect(run({ training, network: deep })).rejects.toMatchObject({
    code: 'non-finite-loss',
    message: expect.stringMatching(
      /(the (soft-targets|hard-labels) loss|the gradient) became .* epoch \d+, step \d+/,
    ),
    details: { lastGradients: { gradientNorm: expect.any(Number) } },
  })
  expect(tf.memory().numTensors).toBe(0)
})

test('a training of many steps runs as a graph, a short one eagerly, and each says so', async () => {
  const long = await run({ training: trainingOf({ epochs: 12, batchSize: 16 }) })
  expect(long.execution).toMatchObject({ mode: 'graph', reason: null })
  expect(long.execution.stepsPerCall).toBeGreaterThan(0)
  expect(long.execution.samplesPerSecond).toBeGreaterThan(0)
  const { execution } = await run()
  expect(execution).toMatchObject({
    mode: 'eager',
    reason: expect.stringContaining('12 steps'),
    isFallback: false,
  })
})

test('two runs as a graph give the same bytes', async () => {
  const training = trainingOf({ epochs: 40, batchSize: 16 })
  const [one, two] = [await run({ training }), await run({ training })]
  expect(one.execution.mode).toBe('graph')
  expect(two.weights).toEqual(one.weights)
})

test('a step that is no graph trains eagerly all the same, and says why', async () => {
  const record = vi.spyOn(nativeBackend(), 'getInputTensorIds').mockImplementationOnce(() => {
    throw new CannotCompile('a step like this')
  })
  const { execution, epochs } = await run({ training: trainingOf({ epochs: 12, batchSize: 16 }) })
  record.mockRestore()
  expect(execution).toMatchObject({
    mode: 'eager',
    reason: 'a step like this',
    isFallback: true,
  })
  expect(epochs.length).toBe(12)
})

test('an abort in the middle of a graph ends it, and frees it', async () => {
  const abort = new AbortController()
  const ended = run({ training: trainingOf({ epochs: 10_000, batchSize: 16 }) }, abort.signal)
  setTimeout(() => abort.abort(new Error('cancelled in the middle')), 1500)
  await expect(ended).rejects.toThrow('cancelled in the middle')
  expect(tf.memory().numTensors).toBe(0)
})

test('an abort stops training with its reason', async () => {
  const abort = new AbortController()
  abort.abort(new Error('cancelled by test'))
  await expect(run({}, abort.signal)).rejects.toThrow('cancelled by test')
})

test('training, prediction and their ends leave no tensor behind', async () => {
  const before = tf.memory().numTensors
  const { weights } = await run()
  await predict(network, weights, data, rows, null, new AbortController().signal)
  expect(tf.memory().numTensors).toBe(before)
})

test('a step keeps no more tensors than its state and its measurements', () => {
  const optimizer = createOptimizer(trainingOf().optimizer)
  const step = createTrainingStep(network, LABELS, optimizer)
  let state = initialState(network, upload(initialize(network, 1)), optimizer)
  const batch = {
    inputs: tf.ones([4, ...SHAPE]),
    labels: tf.tensor1d([0, 1, 2, -1], 'int32'),
    teacherLogits: null,
    dropoutSeed: tf.tensor1d([1, 1], 'int32'),
  }
  const rates = optimizer.rates(0.01, 1).map((rate) => tf.scalar(rate))
  const before = tf.memory().numTensors
  for (let count = 0; count < 5; count++) {
    const result = step(state, batch, rates)
    disposeState(state, result.state)
    result.measurements.dispose()
    state = result.state
    expect(tf.memory().numTensors).toBe(before)
  }
  disposeState(state)
  tf.dispose([batch.inputs, batch.labels, batch.dropoutSeed, ...rates])
})

test('moving averages move in training and are used outside it', async () => {
  const { weights } = await run()
  const moved = weights.find(({ name }) => name === 'batchNormalization_2.movingMean')
  expect(moved?.values.some((value) => value !== 0)).toBe(true)
  const trained = upload(weights)
  const one = tf.ones([1, ...SHAPE])
  const alone = apply(network, trained, one, { training: false }).logits
  const inCompany = apply(network, trained, tf.concat([one, tf.zeros([3, ...SHAPE])]), {
    training: false,
  }).logits
  const [first] = inCompany.arraySync()
  for (const [index, value] of alone.dataSync().entries())
    expect(first?.[index]).toBeCloseTo(value, 5)
})

test('logits do not depend on the other rows asked for', async () => {
  const { signal } = new AbortController()
  const weights = initialize(network, 4)
  const all = await predict(network, weights, data, rowNumbers(70), null, signal)
  const some = await predict(network, weights, data, Uint32Array.of(69, 3), null, signal)
  const want = [...all.subarray(69 * 3, 70 * 3), ...all.subarray(3 * 3, 4 * 3)]
  for (const [index, value] of some.entries()) expect(value).toBeCloseTo(want[index] ?? 0, 5)
})
