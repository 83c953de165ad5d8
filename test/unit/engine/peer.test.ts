import { afterEach, expect, test } from 'vitest'
import type { LayerSpec } from '../../../src/domain/layers.ts'
import { resolveObjective, type TermSpec } from '../../../src/domain/objective.ts'
import { createPeer, type Peer, taughtBy } from '../../../workers/engine/peer.ts'
import { predict } from '../../../workers/engine/predict.ts'
import { suggestWeights } from '../../../workers/engine/suggest-weights.ts'
import { tf } from '../../../workers/engine/tensorflow.ts'
import { train } from '../../../workers/engine/train.ts'
import { trainInStages } from '../../../workers/engine/train-in-stages.ts'
import type { TrainingInput } from '../../../workers/engine/training-input.ts'
import { initialize, type NamedArray } from '../../../workers/engine/weights.ts'
import {
  BATCH,
  byXla,
  compiled,
  data,
  eager,
  expectClose,
  inputOf,
  type Make,
  outcome,
  rows,
  SHAPE,
} from './step-outcomes.ts'
import { networkOf } from './support.ts'

afterEach(() => expect(tf.memory().numTensors).toBe(0))

const dense = (units: number, more: readonly LayerSpec[] = []): LayerSpec[] => [
  { type: 'flatten', name: 'flat' },
  { type: 'dense', name: 'hidden', units, activation: 'tanh' },
  ...more,
  { type: 'dense', name: 'logits', units: 3 },
]
const RANDOM: LayerSpec[] = [
  { type: 'batchNormalization', name: 'norm' },
  { type: 'dropout', name: 'drop', rate: 0.3 },
]
const [small, large] = [networkOf(SHAPE, dense(6)), networkOf(SHAPE, dense(9))]
const TERMS: TermSpec[] = [{ method: 'mutual' }, { method: 'hard-labels' }]
const objectiveOf = (terms: readonly TermSpec[] = TERMS) => resolveObjective({ terms })
const signal = new AbortController().signal
const hooks = { onEpoch: () => undefined, onProgress: () => undefined }

const withPeer = (peer: Peer, changes: Partial<TrainingInput> = {}): TrainingInput =>
  inputOf({ network: small, objective: objectiveOf(), teacherLogits: null, peer, ...changes })

/** As the network that a peer is would call them. */
const unprefixed = (weights: readonly NamedArray[]): NamedArray[] =>
  weights.map((weight) => ({ ...weight, name: weight.name.replace(/^peer\//, '') }))

const both = (make: Make, input: TrainingInput) => {
  const peers: NamedArray[][] = []
  const { measured, weights } = outcome((given) => {
    const runner = make(given)
    // Read when the training is over, because the runner is closed after it.
    return {
      ...runner,
      weights: () => {
        peers.push(runner.peerWeights())
        return runner.weights()
      },
      [Symbol.dispose]: () => runner[Symbol.dispose](),
    }
  }, input)
  return { measured, weights, peer: peers.at(-1) ?? [] }
}

test('two students train as a graph and by XLA as they do eagerly', () => {
  const networks = [networkOf(SHAPE, dense(6, RANDOM)), networkOf(SHAPE, dense(9, RANDOM))]
  const [network, other] = networks as [typeof small, typeof small]
  const input = withPeer(createPeer(other, 8), { network, initialWeights: initialize(network, 1) })
  const want = both(eager, input)
  for (const make of [compiled, byXla]) {
    const got = both(make, input)
    expectClose(got.weights, want.weights, 2e-5)
    expectClose(got.peer, want.peer, 2e-5)
  }
  expect(want.peer.map(({ name }) => name)).toEqual(
    initialize(other, 1).map(({ name }) => `peer/${name}`),
  )
  const moved = want.peer.map(
    ({ values }, index) => String(values) !== String(input.peer?.initialWeights[index]?.values),
  )
  expect(moved).not.toContain(false)
})

/** What one step makes of a network that is taught by fixed logits. */
async function stepTaughtBy(
  logits: Float32Array,
  network: typeof small,
  initialWeights: readonly NamedArray[],
  spec: Parameters<typeof inputOf>[1],
): Promise<NamedArray[]> {
  const input = inputOf(
    { network, initialWeights, objective: objectiveOf(), teacherLogits: logits },
    spec,
  )
  using runner = eager(input)
  runner.run([{ rows: rows.subarray(0, BATCH), step: 1, rates: [0.5] }])
  return runner.weights()
}

test.each([null, 0.01])(
  'each takes the step that it would take with the other as a finished teacher; clipped to %s',
  async (clipNorm) => {
    const spec = clipNorm === null ? {} : { clipNorm }
    const peer = createPeer(large, 8)
    const input = inputOf(
      { network: small, objective: objectiveOf(), teacherLogits: null, peer },
      spec,
    )
    const all = Uint32Array.from({ length: data.count }, (_, row) => row)
    const answers = (network: typeof small, weights: readonly NamedArray[]) =>
      predict(network, weights, data, all, input.normalization, signal)
    const [ofStudent, ofPeer] = [
      await answers(small, input.initialWeights),
      await answers(large, unprefixed(peer.initialWeights)),
    ]
    using runner = eager(input)
    runner.run([{ rows: rows.subarray(0, BATCH), step: 1, rates: [0.5] }])
    const wanted = await stepTaughtBy(ofPeer, small, input.initialWeights, spec)
    expectClose(runner.weights(), wanted)
    const peerWanted = await stepTaughtBy(ofStudent, large, unprefixed(peer.initialWeights), spec)
    expectClose(unprefixed(runner.peerWeights()), peerWanted)
  },
)

test('a peer that nothing is learned from leaves the student as it is without one, to the last bit', () => {
  const terms: TermSpec[] = [{ method: 'mutual', weight: 0 }, { method: 'hard-labels' }]
  const network = networkOf(SHAPE, dense(6, RANDOM))
  const changes = { network, initialWeights: initialize(network, 1) }
  const beside = withPeer(createPeer(network, 8), { ...changes, objective: objectiveOf(terms) })
  const alone = inputOf({ ...changes, objective: objectiveOf(terms.slice(1)), teacherLogits: null })
  expect(outcome(eager, beside).weights).toEqual(outcome(eager, alone).weights)
})

test('terms of logits take the answers of the peer', () => {
  const terms: TermSpec[] = [{ method: 'soft-targets', temperature: 1 }, { method: 'hard-labels' }]
  const peer = createPeer(large, 8)
  // At temperature 1 soft targets differ from the divergence by a constant only.
  const soft = both(eager, withPeer(peer, { objective: objectiveOf(terms) }))
  const mutual = both(eager, withPeer(peer))
  expectClose(soft.weights, mutual.weights, 1e-5)
  expectClose(soft.peer, mutual.peer, 1e-5)
})

test('what one is told by the other is a constant', () => {
  const derived = tf.tidy(() => {
    const logits = tf.tensor2d([[1, -2, 3]])
    const targets = { labels: tf.tensor1d([0], 'int32'), teacherLogits: null }
    const product = () => {
      const { teacherLogits } = taughtBy(targets, tf.mul(logits, 2))
      return tf.sum(tf.mul(logits, teacherLogits as tf.Tensor2D)) as tf.Scalar
    }
    const [gradient] = tf.engine().gradients(product, [logits], undefined, true).grads
    return [...(gradient?.dataSync() ?? [])]
  })
  expect(derived).toEqual([2, -4, 6])
})

test('a peer goes on from stage to stage and is given back with the student', async () => {
  const input = withPeer(createPeer(large, 8))
  const stage = { epochs: 2, objective: objectiveOf() }
  const whole = { ...input, training: { ...input.training, epochs: 4 } }
  const none = async () => null
  const staged = await trainInStages(whole, [stage, stage], none, hooks, signal)
  const first = await train({ ...input, training: { ...input.training, epochs: 2 } }, hooks, signal)
  const second = await train(
    {
      ...input,
      initialWeights: first.weights,
      peer: { ...(input.peer as Peer), initialWeights: first.peerWeights },
      training: { ...input.training, epochs: 2 },
      partOf: { epochsBefore: 2, epochsInAll: 4 },
    },
    hooks,
    signal,
  )
  expect(staged.peerWeights).toEqual(second.peerWeights)
  expect(staged.weights).toEqual(second.weights)
})

test('early stopping gives both students back as they were in the best epoch', async () => {
  const input = withPeer(createPeer(large, 8), { validationRows: Uint32Array.of(50, 52, 55, 58) })
  const training = (epochs: number) => ({
    ...input.training,
    epochs,
    validationFraction: 0.1,
    earlyStopping: {
      monitor: 'validation-loss' as const,
      patience: 20,
      minDelta: 0,
      restoreBest: true,
    },
  })
  const stopped = await train({ ...input, training: training(20) }, hooks, signal)
  const best = stopped.validation?.takenEpoch ?? 0
  expect(best).toBeLessThan(20)
  const exact = await train({ ...input, training: training(best) }, hooks, signal)
  expectClose(stopped.weights, exact.weights)
  expectClose(stopped.peerWeights, exact.peerWeights)
})

test('the norms of the gradients are those of the student alone', () => {
  const peer = createPeer(small, 8)
  const same = {
    ...peer,
    initialWeights: peer.initialWeights.map((weight, index) => ({
      ...weight,
      values: initialize(small, 1)[index]?.values ?? weight.values,
    })),
  }
  // Two equal networks agree, so there is nothing to learn from each other.
  const [mutual, labels] = suggestWeights(withPeer(same), 1)
  expect(mutual?.gradientNorm).toBeLessThan(1e-6)
  expect(labels?.gradientNorm).toBeGreaterThan(1e-2)
})
