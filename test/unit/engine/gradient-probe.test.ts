import { afterEach, expect, test } from 'vitest'
import { resolveObjective } from '../../../src/domain/objective.ts'
import { createProbe, probeMeasurementsOf } from '../../../workers/engine/gradient-probe.ts'
import { tf } from '../../../workers/engine/tensorflow.ts'
import { train } from '../../../workers/engine/train.ts'
import type { EpochMetrics } from '../../../workers/trainer-contract.ts'
import {
  BATCH,
  byXla,
  compiled,
  eager,
  inputOf,
  type Make,
  optimizerOf,
  rows,
  SHAPE,
} from './step-outcomes.ts'
import { EVERY_LAYER, fixture, networkOf, readJson } from './support.ts'
import { placed, taughtInput } from './terms.ts'

afterEach(() => expect(tf.memory().numTensors).toBe(0))

const golden = readJson(fixture('engine/gradient-probe.json')) as {
  weights: Record<string, number[] | number[][]>
  inputs: number[][]
  teacher: number[][]
  labels: number[]
  temperature: number
  termWeights: [number, number]
  values: number[]
  gradientNorms: number[]
  gradientNorm: number
}

test("values and gradient norms of weighted terms, and of their sum, are PyTorch's", () => {
  const network = networkOf(
    [4],
    [
      { type: 'dense', name: 'dense', units: 6, activation: 'tanh' },
      { type: 'dense', name: 'dense_1', units: 3 },
    ],
  )
  const { temperature, termWeights } = golden
  const objective = resolveObjective({
    terms: [
      { method: 'soft-targets', weight: termWeights[0], temperature },
      { method: 'hard-labels', weight: termWeights[1] },
    ],
  })
  const row = tf.tidy(() =>
    createProbe(network, objective)(
      Object.fromEntries(
        Object.entries(golden.weights).map(([name, values]) => [name, tf.tensor(values)]),
      ),
      {
        inputs: tf.tensor2d(golden.inputs),
        labels: tf.tensor1d(golden.labels, 'int32'),
        teacherLogits: tf.tensor2d(golden.teacher),
        dropoutSeed: tf.tensor1d([1, 1], 'int32'),
      },
    ),
  )
  const measured = probeMeasurementsOf(row.dataSync() as Float32Array, 2)
  row.dispose()
  for (const key of ['values', 'gradientNorms'] as const)
    for (const [index, value] of golden[key].entries())
      expect(measured[key][index]).toBeCloseTo(value, 6)
  expect(measured.gradientNorm).toBeCloseTo(golden.gradientNorm, 6)
})

/** Before and after a step, and what is left then. */
function probed(make: Make, input: ReturnType<typeof inputOf>, looks: boolean) {
  const { rates } = optimizerOf(input)
  const step = (number: number) => ({
    rows: rows.subarray(0, BATCH),
    step: number,
    rates: rates(0.05, number),
  })
  using runner = make(input)
  const probe = () => (looks ? [...runner.probe(step(1))] : [])
  const before = [probe(), probe()]
  const measured = [...runner.run([step(1), step(2)])]
  const after = probe()
  return { before, measured, after, weights: runner.weights() }
}

test.each<[string, Make]>([
  ['eager', eager],
  ['graph', compiled],
  ['XLA', byXla],
])(
  'a probe of a run by %s sees the current weights and changes nothing',
  { timeout: 60_000 },
  (_, make) => {
    // Dropout and a normalization whose averages move.
    const dense = networkOf(SHAPE, [
      { type: 'flatten' },
      { type: 'dense', units: 8, activation: 'relu' },
      { type: 'batchNormalization' },
      { type: 'dropout', rate: 0.3 },
      { type: 'dense', units: 3 },
    ])
    const input = inputOf({ network: dense }, { optimizer: { name: 'adam' } })
    const [seen, unseen] = [probed(make, input, true), probed(make, input, false)]
    expect(seen.weights).toEqual(unseen.weights)
    expect(seen.measured).toEqual(unseen.measured)
    expect(seen.before[1]).toEqual(seen.before[0])
    expect(seen.after).not.toEqual(seen.before[0])
    const [first, second] = [seen.before[0] ?? [], probed(eager, input, true).before[0] ?? []]
    for (const [index, value] of first.entries()) expect(value).toBeCloseTo(second[index] ?? 0, 5)
    // The same batch, weights and mask of dropout as the step: the same losses.
    for (const term of [0, 1]) expect(first[term]).toBeCloseTo(seen.measured[term] ?? 0, 5)
  },
)

test.each<[string, Make]>([
  ['eager', eager],
  ['graph', compiled],
])('what is trained beside the student counts in a norm (%s)', async (_, make) => {
  const terms = placed([{ method: 'feature-hint', weight: 2 }, 'hard-labels'])
  const input = await taughtInput(terms)
  using runner = make(input)
  const probe = runner.probe({ rows: rows.subarray(0, BATCH), step: 1, rates: [0.05] })
  const { gradientNorms, gradientNorm } = probeMeasurementsOf(probe, 2)
  const whole = Math.hypot(...gradientNorms)
  // Of the two, only the hint pulls at the projector.
  const still = await taughtInput(placed([{ method: 'feature-hint', weight: 1 }, 'hard-labels']))
  using half = make(still)
  const halved = probeMeasurementsOf(
    half.probe({ rows: rows.subarray(0, BATCH), step: 1, rates: [0.05] }),
    2,
  )
  expect(gradientNorms[0]).toBeCloseTo(2 * (halved.gradientNorms[0] ?? 0), 5)
  expect(gradientNorms[1]).toBe(halved.gradientNorms[1])
  expect(gradientNorm).toBeLessThanOrEqual(whole * Math.SQRT2)
  expect(gradientNorm).toBeGreaterThan(0)
})

test('each epoch has values, weighted values and norms of its terms', async () => {
  const epochs: EpochMetrics[] = []
  const input = inputOf({ network: networkOf(SHAPE, EVERY_LAYER) }, { epochs: 3 })
  const hooks = { onEpoch: (one: EpochMetrics) => epochs.push(one), onProgress: () => undefined }
  await train(input, hooks, new AbortController().signal)
  expect(epochs).toHaveLength(3)
  for (const { terms, loss, gradientNorm } of epochs) {
    expect(terms.map(({ value, weighted }) => weighted / value)).toEqual([
      expect.closeTo(0.9, 10),
      expect.closeTo(0.1, 10),
    ])
    expect(loss).toBeCloseTo(
      terms.reduce((sum, { weighted }) => sum + weighted, 0),
      12,
    )
    const norms = terms.map((term) => term.gradientNorm)
    expect(Math.min(...norms, gradientNorm)).toBeGreaterThan(0)
    expect(gradientNorm).toBeLessThanOrEqual((norms[0] ?? 0) + (norms[1] ?? 0) + 1e-6)
  }
})
