import { expect, test } from 'vitest'
import { LABELS_ONLY } from '../../../src/domain/objective.ts'
import type { TrainingSpec } from '../../../src/domain/training.ts'
import { EarlyStopping, validationOf } from '../../../workers/engine/early-stopping.ts'
import { fitNormalization } from '../../../workers/engine/normalization.ts'
import { tf } from '../../../workers/engine/tensorflow.ts'
import { train } from '../../../workers/engine/train.ts'
import { initialize } from '../../../workers/engine/weights.ts'
import type { EpochMetrics } from '../../../workers/trainer-contract.ts'
import { networkOf, randomRows, rowNumbers, trainingOf } from './support.ts'

const RULE = {
  monitor: 'validation-loss',
  patience: 2,
  minDelta: 0.1,
  restoreBest: true,
} as const
const losses = (rule: ConstructorParameters<typeof EarlyStopping>[0], values: number[]) => {
  const stopping = new EarlyStopping(rule)
  const seen = values.map((loss, index) => stopping.observe(index + 1, { loss, accuracy: -loss }))
  return { best: stopping.bestEpoch, over: seen.findIndex(({ isOver }) => isOver) + 1 }
}

test('patience counts epochs without an improvement of more than minDelta', () => {
  expect(losses(RULE, [3, 2, 1.95, 1.91, 1])).toEqual({ best: 5, over: 4 })
  expect(losses({ ...RULE, minDelta: 0 }, [3, 2, 1.95, 1.91, 1])).toEqual({ best: 5, over: 0 })
})

test('accuracy is better when it is larger, a loss that is no number never is', () => {
  const rule = { ...RULE, minDelta: 0, monitor: 'validation-accuracy' } as const
  expect(losses(rule, [-0.5, -0.7, -0.6, -0.7])).toEqual({ best: 2, over: 4 })
  expect(losses(RULE, [Number.NaN, Number.NaN])).toEqual({ best: 0, over: 2 })
})

test('validation is cross-entropy in nats and accuracy, also for logits far apart', () => {
  const logits = Float32Array.of(0, Math.log(3), 1000, 0)
  const { loss, accuracy } = validationOf(logits, Int32Array.of(1, 1), 2)
  expect(loss).toBeCloseTo((Math.log(4 / 3) + 1000) / 2, 6)
  expect(accuracy).toBe(0.5)
})

const SHAPE = [6]
const data = randomRows(120, SHAPE, 3)
/** Labels that are noise: what is learnt of them does not generalize, so the validation loss soon rises. */
const labels = Int32Array.from(data.labels, (_, row) => (row * 7 + (row >> 2)) % 3)
const network = networkOf(SHAPE, [
  { type: 'dense', units: 32, activation: 'relu' },
  { type: 'dropout', rate: 0.1 },
  { type: 'dense', units: 3 },
])
const rows = rowNumbers(80)
const validationRows = rowNumbers(40, 80)

async function run(spec: TrainingSpec) {
  const epochs: EpochMetrics[] = []
  const trained = await train(
    {
      network,
      objective: LABELS_ONLY,
      training: trainingOf({
        batchSize: 16,
        optimizer: { name: 'adam', learningRate: 0.02 },
        ...spec,
      }),
      initialWeights: initialize(network, 1),
      data,
      rows,
      ...(spec.validationFraction || spec.earlyStopping ? { validationRows } : {}),
      normalization: fitNormalization(data, rows),
      labels,
      teacherLogits: null,
      classes: 3,
      seeds: { batches: 2, dropout: 3 },
    },
    { onEpoch: (metrics) => epochs.push(metrics), onProgress: () => undefined },
    new AbortController().signal,
  )
  expect(tf.memory().numTensors).toBe(0)
  return { ...trained, epochs }
}

test('a training stops when it only learns by heart, with the weights of its best epoch', async () => {
  const stopped = await run({ epochs: 200, earlyStopping: { patience: 4 } })
  const { bestEpoch, stoppedEpoch } = stopped.validation ?? {}
  const lowest = Math.min(...stopped.epochs.map(({ validationLoss }) => validationLoss ?? Infinity))
  expect(stopped.epochs[(bestEpoch ?? 0) - 1]?.validationLoss).toBe(lowest)
  expect(stoppedEpoch).toBe((bestEpoch ?? 0) + 4)
  expect(stopped.epochs.length).toBe(stoppedEpoch)
  expect(stopped.validation).toMatchObject({
    rows: 40,
    epochs: stoppedEpoch,
    takenEpoch: bestEpoch,
  })
  const direct = await run({ epochs: bestEpoch ?? 0 })
  expect(stopped.weights).toEqual(direct.weights)
})

test('without restoreBest the last epoch is taken', async () => {
  const kept = await run({ epochs: 200, earlyStopping: { patience: 4, restoreBest: false } })
  const { stoppedEpoch, takenEpoch } = kept.validation ?? {}
  expect(takenEpoch).toBe(stoppedEpoch)
  expect(kept.weights).toEqual((await run({ epochs: stoppedEpoch ?? 0 })).weights)
})

test('watching without stopping changes nothing but the curves', async () => {
  const [watched, alone] = [
    await run({ epochs: 12, validationFraction: 0.3 }),
    await run({ epochs: 12 }),
  ]
  expect(watched.weights).toEqual(alone.weights)
  expect(watched.validation).toMatchObject({ stoppedEpoch: null, bestEpoch: null, takenEpoch: 12 })
  expect(watched.epochs.every(({ validationAccuracy }) => validationAccuracy !== null)).toBe(true)
  expect(alone.validation).toBeNull()
  expect(alone.epochs[0]).toMatchObject({ validationLoss: null, validationAccuracy: null })
})
