import { afterEach, expect, test } from 'vitest'
import type { LayerSpec } from '../../../src/domain/layers.ts'
import type { TermSpec } from '../../../src/domain/objective.ts'
import { compiledRunner } from '../../../workers/engine/compile/compiled-runner.ts'
import { fedBatches } from '../../../workers/engine/compile/fed-data.ts'
import { drawCandidates } from '../../../workers/engine/losses/contrastive-memory.ts'
import { initializeMemories } from '../../../workers/engine/losses/term-memories.ts'
import { tf } from '../../../workers/engine/tensorflow.ts'
import type { TrainingInput } from '../../../workers/engine/training-input.ts'
import {
  createTrainingStep,
  disposeState,
  initialState,
} from '../../../workers/engine/training-step.ts'
import { viewOf } from '../../../workers/engine/training-view.ts'
import { initialize, upload, type Weights } from '../../../workers/engine/weights.ts'
import { byXla, eager, expectClose, optimizerOf, outcome, rows, SHAPE } from './step-outcomes.ts'
import { networkOf } from './support.ts'
import { placed, taughtInput, teacher } from './terms.ts'

afterEach(() => expect(tf.memory().numTensors).toBe(0))

const WIDTH = 6
const CONTRASTIVE: TermSpec = { method: 'contrastive', width: WIDTH, negatives: 8, weight: 0.1 }
const inputWith = (changes: Partial<TrainingInput> = {}, term: object = {}) =>
  taughtInput(placed([{ ...CONTRASTIVE, ...term } as TermSpec, 'hard-labels']), changes)

test('the row itself comes first, and each other row is drawn as often', () => {
  const positions = Int32Array.of(0, 3, 6)
  const counts = Array.from({ length: 3 }, () => new Float64Array(7))
  for (let step = 0; step < 50; step++)
    tf.tidy(() => {
      const seed = tf.tensor1d([4, step], 'int32')
      const drawn = drawCandidates(tf.tensor1d(positions, 'int32'), 40, 7, seed).arraySync()
      for (const [row, [own, ...others]] of drawn.entries()) {
        expect(own).toBe(positions[row])
        for (const other of others) {
          const count = counts[row] as Float64Array
          count[other] = (count[other] ?? 0) + 1
        }
      }
    })
  for (const [row, count] of counts.entries()) {
    expect(count[positions[row] as number]).toBe(0)
    expect(count.reduce((sum, value) => sum + value, 0)).toBe(2000)
    const expected = 2000 / 6
    const chiSquared = count.reduce(
      (sum, value, at) => (at === positions[row] ? sum : sum + (value - expected) ** 2 / expected),
      0,
    )
    // The quantile 0.9999 with 5 degrees of freedom.
    expect(chiSquared).toBeLessThan(25.7)
  }
})

/** Steps of plain descent from a state that is returned, on rows `places` of the training rows. */
async function statesOf(steps: number, term: object = {}) {
  const input = await inputWith({}, term)
  const { projectors = [], memories = [], objective } = input
  const names = projectors.map(({ name }) => name)
  const optimizer = optimizerOf(input)
  const run = createTrainingStep(input.network, objective, optimizer, null, viewOf(input), {
    trained: names,
  })
  const read = (weights: Weights): Record<string, number[]> =>
    Object.fromEntries(
      Object.entries(weights).map(([name, value]) => [name, [...value.dataSync()]]),
    )
  let state = initialState(
    input.network,
    upload([...input.initialWeights, ...projectors, ...memories]),
    optimizer,
    names,
  )
  const states = [read(state.weights)]
  const places = [2, 0, 30]
  for (let step = 1; step <= steps; step++)
    tf.tidy(() => {
      const result = run(
        state,
        {
          inputs: tf.randomNormal([3, ...SHAPE], 0, 1, 'float32', 4),
          labels: tf.tensor1d([0, 1, 2], 'int32'),
          teacherLogits: null,
          dropoutSeed: tf.tensor1d([1, step], 'int32'),
          positions: tf.tensor1d(places, 'int32'),
          teacherWeights: upload(teacher.weights),
        },
        [tf.scalar(0.1)],
      )
      for (const tensor of [
        ...Object.values(result.state.weights),
        ...Object.values(result.state.slots).flat(),
      ])
        tf.keep(tensor)
      disposeState(state, result.state)
      state = result.state
      states.push(read(state.weights))
    })
  disposeState(state)
  return { states, places }
}

test('only the rows of the batch are remembered anew, half of what they were', async () => {
  const { states, places } = await statesOf(2)
  const memories = states.map((state) => state['memory/0/student'] as number[])
  const vector = (state: number, row: number): number[] =>
    (memories[state] as number[]).slice(row * WIDTH, (row + 1) * WIDTH)
  for (let row = 0; row < rows.length; row++) {
    expect(Math.hypot(...vector(2, row))).toBeCloseTo(1, 5)
    if (!places.includes(row)) expect(vector(2, row)).toEqual(vector(0, row))
    else expect(vector(1, row)).not.toEqual(vector(0, row))
  }
  // With momentum 0 a memory is the embedding itself, of unit length; with 0.5 it lies halfway.
  const bare = await statesOf(1, { momentum: 0 })
  for (const row of places) {
    const embedding = (bare.states[1]?.['memory/0/student'] ?? []).slice(
      row * WIDTH,
      (row + 1) * WIDTH,
    )
    const sum = embedding.map((value, at) => value + (vector(0, row)[at] ?? 0))
    const halfway = sum.map((value) => value / Math.hypot(...sum))
    for (const [at, value] of halfway.entries()) expect(vector(1, row)[at]).toBeCloseTo(value, 5)
  }
})

test('normalizers are those of the first batch, the mean over its candidates times all rows', async () => {
  const { states } = await statesOf(3)
  const [start, first, ...later] = states.map((state) => state['memory/0/normalizers'])
  expect(start).toEqual([0, 0, 0])
  expect(first?.[2]).toBe(1)
  // exp(cos / 0.07) is between e^-14.3 and e^14.3.
  for (const log of first?.slice(0, 2) ?? [])
    expect(Math.abs(log - Math.log(rows.length))).toBeLessThan(14.3)
  expect(first?.[0]).not.toBe(first?.[1])
  for (const again of later) expect(again).toEqual(first)
})

test('both embeddings are trained, the teacher is not', async () => {
  const { states } = await statesOf(1)
  const changed = Object.keys(states[0] ?? {}).filter(
    (name) => states[0]?.[name]?.join() !== states[1]?.[name]?.join(),
  )
  expect(changed).toEqual(
    expect.arrayContaining(
      ['student/kernel-0', 'student/bias-0', 'teacher/kernel-0', 'teacher/bias-0'].map(
        (name) => `projector/0/${name}`,
      ),
    ),
  )
})

test('rows that are fed batch by batch are known by the same places', async () => {
  const input = await inputWith()
  const fed = outcome(
    (given) => compiledRunner(given, optimizerOf(given), { source: fedBatches(given), xla: null }),
    input,
  )
  expectClose(fed.weights, outcome(eager, input).weights, 2e-5)
})

test('a dense student contrasts by XLA as it does eagerly', async () => {
  const dense: readonly LayerSpec[] = [
    { type: 'flatten' },
    { type: 'dense', name: 'features', units: 6, activation: 'tanh' },
    { type: 'dense', name: 'logits', units: 3 },
  ]
  const network = networkOf(SHAPE, dense)
  const input = await inputWith({ network, initialWeights: initialize(network, 1) })
  const compilers: (string | null)[] = []
  const got = outcome((given) => {
    const runner = byXla(given)
    compilers.push(runner.compiler)
    return runner
  }, input)
  expect(compilers).toEqual(['xla'])
  const want = outcome(eager, input)
  expectClose(got.weights, want.weights, 2e-5)
})

test('memories begin as other directions for each row, network and term, and as the same for a seed', () => {
  const objective = placed([CONTRASTIVE, CONTRASTIVE])
  const memories = initializeMemories(objective, 5, 3)
  expect(memories.map(({ name, shape }) => [name, shape])).toEqual([
    ['memory/0/student', [5, WIDTH]],
    ['memory/0/teacher', [5, WIDTH]],
    ['memory/0/normalizers', [3]],
    ['memory/1/student', [5, WIDTH]],
    ['memory/1/teacher', [5, WIDTH]],
    ['memory/1/normalizers', [3]],
  ])
  const vectors = memories.filter(({ shape }) => shape.length === 2)
  expect(new Set(vectors.map(({ values }) => values.join())).size).toBe(4)
  expect(initializeMemories(objective, 5, 3)).toEqual(memories)
})
