import { expect, test } from 'vitest'
import { LABELS_ONLY } from '../../../src/domain/objective.ts'
import { CannotCompile } from '../../../workers/engine/compile/cannot-compile.ts'
import { embed } from '../../../workers/engine/compile/embed.ts'
import { Graph } from '../../../workers/engine/compile/graph.ts'
import { recordedAttribute } from '../../../workers/engine/compile/messages.ts'
import { record } from '../../../workers/engine/compile/record.ts'
import { outputsOfStep, recordStep } from '../../../workers/engine/compile/record-step.ts'
import { requireSameProgram } from '../../../workers/engine/compile/same-program.ts'
import { openSession } from '../../../workers/engine/compile/session.ts'
import { tf } from '../../../workers/engine/tensorflow.ts'
import type { TrainingInput } from '../../../workers/engine/training-input.ts'
import { createGradients } from '../../../workers/engine/training-step.ts'
import { initialize } from '../../../workers/engine/weights.ts'
import { networkOf, randomRows, rowNumbers, trainingOf } from './support.ts'

/** Records a function of one vector twice, as a step is. */
function compile(run: (input: tf.Tensor) => tf.Tensor): void {
  const recordings = [0, 1].map((value) => {
    const input = tf.fill([3], value)
    return record([input], () => [run(input)])
  })
  const [first, second] = recordings
  if (first && second) requireSameProgram(first, second)
}

test('constants of the program are no reason to refuse', () => {
  compile((input) => tf.mul(tf.sum(input, 0), tf.tensor1d([1, 2, 3])))
})

test.each<[string, (input: tf.Tensor) => tf.Tensor, RegExp]>([
  [
    'a random mask made in JavaScript',
    (input) => tf.mul(input, tf.tensor1d([Math.random(), 1, 1])),
    /operation \d+ \(Mul\) uses a tensor made in JavaScript that changes/,
  ],
  ['the dropout of tfjs', (input) => tf.dropout(input, 0.5), /made in JavaScript that changes/],
  [
    'randomness of TensorFlow without a seed',
    (input) => tf.multinomial(input as tf.Tensor1D, 2),
    /Multinomial draws/,
  ],
  [
    'a decision by numbers on the device',
    (input) => ((tf.add(input, 1).dataSync()[0] ?? 0) > 1 ? tf.neg(input) : input),
    /reads numbers from the device/,
  ],
  ['strings', () => tf.reshape(tf.tensor1d(['a', 'b']), [2, 1]), /strings/],
])('%s: refused, saying where', (_, run, message) => {
  const attempt = (): void => compile(run)
  expect(attempt).toThrow(CannotCompile)
  expect(attempt).toThrow(message)
})

test('a tensor from outside that was not declared is refused', () => {
  const hidden = tf.fill([3], 7)
  expect(() => compile((input) => tf.add(input, hidden))).toThrow(/made outside the step/)
})

test('a step that takes another way when it runs again is refused', () => {
  let runs = 0
  expect(() => compile((input) => (runs++ === 0 ? tf.neg(input) : tf.exp(input)))).toThrow(
    /not the same when the step runs again/,
  )
})

test('an attribute of an unknown kind is refused by name', () => {
  expect(() => recordedAttribute({ name: 'f', type: 99, value: 1 }, 'Strange')).toThrow(
    /Strange has an attribute f of a kind \(99\)/,
  )
})

test('what TensorFlow does not take is refused with its words', () => {
  const input = tf.fill([3], 1)
  const recording = record([input], () => [tf.neg(input)])
  const graph = new Graph()
  graph.placeholder('in', 'int32', [3])
  embed(graph, recording, ['in'], 'body', (name, value) => graph.constant(name, value))
  expect(() => openSession(graph.toSavedModel())).toThrow(/TensorFlow refuses the graph/)
})

test('a training step with a mask made in JavaScript is refused', () => {
  const network = networkOf([4], [{ type: 'dense', units: 3 }])
  const data = randomRows(8, [4], 3)
  const input: TrainingInput = {
    network,
    objective: LABELS_ONLY,
    training: trainingOf(),
    initialWeights: initialize(network, 1),
    data,
    rows: rowNumbers(8),
    normalization: null,
    labels: data.labels,
    teacherLogits: null,
    classes: 3,
    seeds: { batches: 1, dropout: 2 },
  }
  const gradientsOf = createGradients(network, LABELS_ONLY, { clipNorm: null, weightDecay: 0 })
  const before = tf.memory().numTensors
  const record = (mask: () => tf.Tensor) =>
    recordStep(
      input,
      outputsOfStep(input, (weights, batch) =>
        gradientsOf(weights, { ...batch, inputs: tf.mul(batch.inputs, mask()) }),
      ),
      8,
    )
  expect(record(() => tf.ones([8, 4])).operations.length).toBeGreaterThan(10)
  expect(() => record(() => tf.randomUniform([8, 4]))).toThrow(/made in JavaScript that changes/)
  expect(tf.memory().numTensors).toBe(before)
})

test('after a refusal tfjs works as before', () => {
  expect(() => compile((input) => tf.multinomial(input as tf.Tensor1D, 2))).toThrow(CannotCompile)
  expect([...tf.add([1], [2]).dataSync()]).toEqual([3])
})
