import { expect, test } from 'vitest'
import { LABELS_ONLY, resolveObjective } from '../../../src/domain/objective.ts'
import { train } from '../../../workers/engine/train.ts'
import { trainInStages } from '../../../workers/engine/train-in-stages.ts'
import type { EpochMetrics } from '../../../workers/trainer-contract.ts'
import { BATCH, inputOf } from './step-outcomes.ts'
import { placed, taughtInput, teacher } from './terms.ts'

const { signal } = new AbortController()
function recorder() {
  const epochs: EpochMetrics[] = []
  return {
    epochs,
    hooks: { onEpoch: (one: EpochMetrics) => epochs.push(one), onProgress: () => undefined },
  }
}
const curve = (epochs: readonly EpochMetrics[]) => epochs.map(({ seconds: _, ...rest }) => rest)

test('plain descent in two equal stages is one training, to the last bit', async () => {
  const spec = {
    epochs: 20,
    batchSize: BATCH,
    optimizer: { name: 'sgd', learningRate: 0.05 },
  } as const
  const [whole, parts] = [recorder(), recorder()]
  const input = inputOf({}, spec)
  const one = await train(input, whole.hooks, signal)
  const objective = resolveObjective()
  const stages = [
    { epochs: 12, objective },
    { epochs: 8, objective },
  ]
  const two = await trainInStages(input, stages, async () => null, parts.hooks, signal)
  expect(two.weights).toEqual(one.weights)
  expect(two.steps).toBe(one.steps)
  expect(curve(parts.epochs)).toEqual(curve(whole.epochs))
})

test('each stage has its own terms, and what it trains beside the student', async () => {
  const hints = placed(['feature-hint'])
  const soft = placed(['soft-targets', 'hard-labels'])
  const input = await taughtInput(
    hints,
    {},
    { epochs: 6, batchSize: BATCH, optimizer: { name: 'adam' } },
  )
  const { teacher: _, projectors = [], constants: __, ...rest } = input
  const { epochs, hooks } = recorder()
  const stages = [
    { epochs: 4, objective: hints },
    { epochs: 2, objective: soft },
  ]
  const asked: number[] = []
  const trained = await trainInStages(
    rest,
    stages,
    async ({ objective }, index) => {
      asked.push(index)
      return objective === hints ? { teacher, projectors } : { teacher }
    },
    hooks,
    signal,
  )
  expect(asked).toEqual([0, 1])
  expect(epochs.map(({ epoch, terms }) => [epoch, terms.length])).toEqual([
    [1, 1],
    [2, 1],
    [3, 1],
    [4, 1],
    [5, 2],
    [6, 2],
  ])
  expect(epochs[3]?.terms[0]?.value).toBeLessThan(epochs[0]?.terms[0]?.value ?? 0)
  expect(trained.weights.map(({ name }) => name)).toEqual(
    input.initialWeights.map(({ name }) => name),
  )
})

test('validation goes on through stages', async () => {
  const validationRows = Uint32Array.of(1, 2, 50)
  const spec = { epochs: 3, batchSize: BATCH }
  const input = inputOf({ objective: LABELS_ONLY, teacherLogits: null, validationRows }, spec)
  const stages = [
    { epochs: 1, objective: LABELS_ONLY },
    { epochs: 2, objective: LABELS_ONLY },
  ]
  const { epochs, hooks } = recorder()
  const trained = await trainInStages(input, stages, async () => null, hooks, signal)
  expect(trained.validation).toMatchObject({
    rows: 3,
    epochs: 3,
    takenEpoch: 3,
    stoppedEpoch: null,
  })
  expect(epochs.every(({ validationLoss }) => validationLoss !== null)).toBe(true)
})
