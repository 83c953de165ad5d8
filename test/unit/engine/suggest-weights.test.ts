import { afterEach, expect, test } from 'vitest'
import type { ResolvedTerm, Stage, TermSpec } from '../../../src/domain/objective.ts'
import { numberAt } from '../../../src/domain/term-schedule.ts'
import { suggestWeights } from '../../../workers/engine/suggest-weights.ts'
import { tf } from '../../../workers/engine/tensorflow.ts'
import { trainInStages } from '../../../workers/engine/train-in-stages.ts'
import type { TrainingInput } from '../../../workers/engine/training-input.ts'
import type { EpochMetrics } from '../../../workers/trainer-contract.ts'
import { BATCH, data, inputOf, rows } from './step-outcomes.ts'
import { placed, taughtInput } from './terms.ts'

afterEach(() => expect(tf.memory().numTensors).toBe(0))

const { signal } = new AbortController()
/** Of sizes that have nothing to do with each other. */
const TERMS: readonly TermSpec[] = [
  { method: 'similarity-preserving', weight: 2 },
  { method: 'feature-hint', weight: 1 },
  { method: 'soft-targets', weight: 3, temperature: 4 },
  { method: 'hard-labels', weight: 0.5 },
]
const inputFor = (objective: readonly ResolvedTerm[], changes: Partial<TrainingInput> = {}) =>
  taughtInput(objective, changes, { epochs: 2, batchSize: BATCH, optimizer: { name: 'sgd' } })

async function trained(input: TrainingInput, stages: readonly Stage[], steps: number | null) {
  const epochs: EpochMetrics[] = []
  const hooks = { onEpoch: (one: EpochMetrics) => epochs.push(one), onProgress: () => undefined }
  const result = await trainInStages(input, stages, async () => null, hooks, signal, steps)
  return { ...result, epochs }
}

test('gradients of the weighted terms are to each other as the given weights are', async () => {
  const objective = placed(TERMS)
  const { epochs, suggestedWeights } = await trained(
    await inputFor(objective),
    [{ epochs: 2, objective }],
    1,
  )
  // The first step's probe is on the batch that was measured.
  const norms = epochs[0]?.terms.map(({ gradientNorm }) => gradientNorm) ?? []
  const labels = (norms[3] ?? 0) / 0.5
  for (const [index, weight] of [2, 1, 3, 0.5].entries())
    expect((norms[index] ?? 0) / (weight * labels)).toBeCloseTo(1, 4)
  const [terms = []] = suggestedWeights ?? []
  expect(terms.map(({ method }) => method)).toEqual(TERMS.map(({ method }) => method))
  expect(terms[3]).toMatchObject({ factor: 1, weight: 0.5 })
  // They were far from comparable.
  const measured = terms.map(({ gradientNorm }) => gradientNorm)
  expect(Math.max(...measured) / Math.min(...measured)).toBeGreaterThan(5)
  for (const { factor, gradientNorm } of terms)
    expect(factor * gradientNorm).toBeCloseTo(terms[3]?.gradientNorm ?? 0, 10)
})

test('several batches are averaged, the same in every run, and no other row is looked at', async () => {
  const objective = placed(TERMS)
  const input = await inputFor(objective)
  const each = [1, 2, 3].map((steps) => suggestWeights(input, steps).map((one) => one.gradientNorm))
  expect(each[1]).not.toEqual(each[0])
  // An epoch has three batches.
  expect(suggestWeights(input, 99).map((one) => one.gradientNorm)).toEqual(each[2])
  const poisoned = {
    ...data,
    values: data.values.map((value, at) =>
      rows.includes(Math.floor(at / data.width)) ? value : Number.NaN,
    ),
  }
  expect(suggestWeights({ ...input, data: poisoned }, 3)).toEqual(suggestWeights(input, 3))
})

test('without labels the first term on logits is the measure; a term without weight is left alone', async () => {
  const objective = placed([
    { method: 'feature-hint', weight: { from: 0, to: 5 } },
    { method: 'logit-mse', weight: 0 },
    { method: 'soft-targets', weight: 2, untilEpoch: 1 },
  ])
  const [hint, none, soft] = suggestWeights(await inputFor(objective), 2)
  expect(soft).toMatchObject({ factor: 1, weight: 2 })
  expect(none).toMatchObject({ factor: 1, weight: 0 })
  expect(hint?.factor).toBeCloseTo((soft?.gradientNorm ?? 0) / (hint?.gradientNorm ?? 1), 10)
  // A schedule keeps its form.
  expect(hint?.weight).toMatchObject({ from: 0, shape: 'linear', endEpoch: 1 })
  expect(numberAt(hint?.weight ?? 0, 1)).toBeCloseTo(5 * (hint?.factor ?? 0), 10)
})

test('labels that nobody knows have no gradient and are no measure', async () => {
  const objective = placed(TERMS)
  const labels = new Int32Array(data.count).fill(-1)
  const terms = suggestWeights(await inputFor(objective, { labels }), 2)
  expect(terms[3]).toMatchObject({ gradientNorm: 0, factor: 1 })
  expect(terms[2]?.factor).toBe(1)
  expect(terms[0]?.factor).not.toBe(1)
})

test('each stage has its own, measured where the one before left off', async () => {
  const objective = placed(TERMS)
  const input = await inputFor(objective)
  const stages = [
    { epochs: 1, objective },
    { epochs: 1, objective },
  ]
  const { suggestedWeights, epochs } = await trained(input, stages, 1)
  expect(suggestedWeights).toHaveLength(2)
  expect(suggestedWeights?.[1]).not.toEqual(suggestedWeights?.[0])
  const norms = epochs[1]?.terms.map(({ gradientNorm }) => gradientNorm) ?? []
  expect((norms[1] ?? 0) / (norms[3] ?? 1)).toBeCloseTo(2, 4)
  const plain = await trained(
    inputOf({}, { epochs: 1 }),
    [{ epochs: 1, objective: inputOf().objective }],
    null,
  )
  expect(plain).not.toHaveProperty('suggestedWeights')
})
