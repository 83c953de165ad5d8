import { afterEach, expect, test } from 'vitest'
import { cardOf, JOB_METHODS } from '../../../src/domain/methods/job-methods.ts'
import {
  LABELS_ONLY,
  type Objective,
  type ResolvedTerm,
  resolveObjective,
} from '../../../src/domain/objective.ts'
import { scheduledNumbers } from '../../../workers/engine/scheduled-terms.ts'
import { tf } from '../../../workers/engine/tensorflow.ts'
import { train } from '../../../workers/engine/train.ts'
import { trainInStages } from '../../../workers/engine/train-in-stages.ts'
import type { EpochMetrics } from '../../../workers/trainer-contract.ts'
import { BATCH, byXla, compiled, eager, expectClose, inputOf, outcome } from './step-outcomes.ts'
import { inputFor } from './terms.ts'

afterEach(() => expect(tf.memory().numTensors).toBe(0))

const { signal } = new AbortController()
const SCHEDULES: Objective = {
  terms: [
    {
      method: 'soft-targets',
      weight: { from: 0.9, to: 0.1, endEpoch: 1.5 },
      temperature: { from: 8, to: 2, shape: 'cosine' },
    },
    { method: 'hard-labels', weight: { from: 0.1, to: 1, shape: 'step', endEpoch: 1 } },
    { method: 'logit-mse', weight: 0.3, untilEpoch: 1 },
  ],
}
const objective = resolveObjective(SCHEDULES, 2)

test('a step is fed the weights that change, and of temperatures 1 / T and T²', () => {
  expect(scheduledNumbers(objective, 0)).toEqual([0.9, 1 / 8, 64, 0.1, 0.3])
  expect(scheduledNumbers(objective, 1)).toEqual([
    expect.closeTo(0.9 - 0.8 / 1.5, 12),
    expect.closeTo(1 / 5, 12),
    expect.closeTo(25, 12),
    1,
    0,
  ])
  expect(scheduledNumbers(objective, 2)).toEqual([0.1, 1 / 2, 4, 1, 0])
  expect(scheduledNumbers(resolveObjective(), 1)).toEqual([])
})

const asArray = (values: readonly number[]) => [
  { name: 'measured', shape: [], values: Float32Array.from(values) },
]

test('a training with scheduled weights as a graph is bitwise the eager one', () => {
  const weights: Objective = {
    terms: [
      { method: 'soft-targets', weight: { from: 0.9, to: 0.1, endEpoch: 1.5 } },
      { method: 'hard-labels', weight: { from: 0.1, to: 1, shape: 'step', endEpoch: 1 } },
      { method: 'soft-targets', temperature: 2, untilEpoch: 1 },
    ],
  }
  const input = inputOf({ objective: resolveObjective(weights, 2) })
  const want = outcome(eager, input)
  expect(outcome(compiled, input)).toEqual(want)
})

test('a training with scheduled temperatures, too, is as a graph what it is eagerly', () => {
  const input = inputOf({ objective }, { optimizer: { name: 'sgd', momentum: 0.9 } })
  const [got, want] = [outcome(compiled, input), outcome(eager, input)]
  expectClose(got.weights, want.weights)
  expectClose(asArray(got.measured), asArray(want.measured))
  expect(outcome(compiled, input)).toEqual(got)
  // They do something.
  const constant = inputOf({}, { optimizer: { name: 'sgd', momentum: 0.9 } })
  expect(outcome(eager, constant).weights).not.toEqual(want.weights)
})

test('a training with schedules by XLA is the eager one', { timeout: 60_000 }, () => {
  const input = inputOf({ objective })
  expectClose(outcome(byXla, input).weights, outcome(eager, input).weights, 1e-5)
})

test('schedules from a number to itself are the number', () => {
  const same = (value: number) => ({ from: value, to: value, shape: 'linear' }) as const
  const scheduled = resolveObjective(
    {
      terms: [
        { method: 'soft-targets', weight: same(0.9), temperature: same(4) },
        { method: 'hard-labels', weight: same(0.1) },
      ],
    },
    2,
  )
  const [got, want] = [
    outcome(eager, inputOf({ objective: scheduled })),
    outcome(eager, inputOf({ objective: resolveObjective() })),
  ]
  expectClose(got.weights, want.weights)
})

const TEMPERED = JOB_METHODS.filter((method) => 'temperature' in cardOf(method).options)
test.each(TEMPERED)('the temperature of %s may change', async (method) => {
  const tempered =
    (temperature: (usual: number) => object | number) =>
    (terms: readonly ResolvedTerm[]): ResolvedTerm[] =>
      terms.map((term, index) => {
        if (index > 0 || !('temperature' in term)) return term
        const usual = term.temperature as number
        return { ...term, weight: 0.1, temperature: temperature(usual) } as ResolvedTerm
      })
  const scheduled = (from: number, to: number) => ({
    from,
    to,
    shape: 'linear',
    startEpoch: 0,
    endEpoch: 2,
  })
  const [changing, constant, plain] = await Promise.all([
    inputFor(
      method,
      tempered((usual) => scheduled(usual, 2 * usual)),
    ),
    inputFor(
      method,
      tempered((usual) => scheduled(usual, usual)),
    ),
    inputFor(
      method,
      tempered((usual) => usual),
    ),
  ])
  const want = outcome(eager, plain).weights
  expectClose(outcome(eager, constant).weights, want, 2e-5)
  const changed = outcome(eager, changing).weights
  expect(changed).not.toEqual(want)
  expectClose(outcome(compiled, changing).weights, changed, 2e-5)
})

const spec = (epochs: number) =>
  ({ epochs, batchSize: BATCH, optimizer: { name: 'sgd', learningRate: 0.05 } }) as const

test.each([4, 20])(
  'once its weight is 0 the teacher has no influence: the rest is a training by labels (%s epochs)',
  async (epochs) => {
    const until = epochs / 2
    const terms = [
      { method: 'soft-targets', weight: 0.9 },
      { method: 'hard-labels', weight: 1 },
    ] as const
    const points: EpochMetrics[] = []
    const hooks = { onEpoch: (one: EpochMetrics) => points.push(one), onProgress: () => undefined }
    const stopped = resolveObjective({ terms, distillUntilEpoch: until }, epochs)
    const one = await train(inputOf({ objective: stopped }, spec(epochs)), hooks, signal)
    // Plain descent remembers nothing but the weights.
    const stages = [
      { epochs: until, objective: resolveObjective({ terms }) },
      { epochs: until, objective: LABELS_ONLY },
    ]
    const two = await trainInStages(
      inputOf({}, spec(epochs)),
      stages,
      async () => null,
      hooks,
      signal,
    )
    expect(one.execution.mode).toBe(epochs === 20 ? 'graph' : 'eager')
    expect(one.weights).toEqual(two.weights)
    const whole = points.slice(0, epochs)
    expect(whole.map(({ terms: [soft] }) => (soft?.weighted ?? 1) > 0)).toEqual(
      whole.map(({ epoch }) => epoch <= until),
    )
    for (const {
      epoch,
      terms: [soft, hard],
      gradientNorm,
    } of whole)
      if (epoch > until) {
        expect(soft).toMatchObject({ gradientNorm: 0, value: expect.any(Number) })
        expect(soft?.value).toBeGreaterThan(0)
        expect(gradientNorm).toBeCloseTo(hard?.gradientNorm ?? 0, 6)
      }
  },
)

test('in stages, a schedule counts the epochs of its stage', async () => {
  const points: EpochMetrics[] = []
  const hooks = { onEpoch: (one: EpochMetrics) => points.push(one), onProgress: () => undefined }
  const ramp = resolveObjective(
    { terms: [{ method: 'soft-targets', weight: { from: 0, to: 3, shape: 'step', endEpoch: 1 } }] },
    2,
  )
  const stages = [
    { epochs: 2, objective: resolveObjective() },
    { epochs: 2, objective: ramp },
  ]
  await trainInStages(inputOf({}, spec(4)), stages, async () => null, hooks, signal)
  expect(
    points.slice(2).map(({ terms: [soft] }) => (soft?.weighted ?? 0) / (soft?.value ?? 1)),
  ).toEqual([0, expect.closeTo(3, 10)])
})
