import { expect, test } from 'vitest'
import type { MethodId } from '../../../../src/domain/methods/cards.ts'
import { tf } from '../../../../workers/engine/tensorflow.ts'
import { runAsGraph } from './as-graph.ts'
import { goldenLoss, type Inputs, part } from './from-golden.ts'
import {
  expectAllClose,
  type GoldenCase,
  methodOf,
  OWN_FILE,
  optionsOf,
  tensors,
} from './golden-file.ts'

type Changed = Record<string, tf.Tensor>

/** One ordinary case of each method. */
const ORDINARY = OWN_FILE.cases.filter(({ kind }) => kind === 'normal')
const ordinary = (method: MethodId): GoldenCase => {
  const found = ORDINARY.find((item) => item.method === method)
  if (!found) throw new Error(`no ordinary case of ${method}`)
  return found
}

const lossOf = (item: GoldenCase, inputs: Inputs): tf.Scalar =>
  part(goldenLoss(methodOf(item), inputs, optionsOf(item)))

const lossValue = (item: GoldenCase, inputs: Inputs): number =>
  tf.tidy(() => lossOf(item, inputs).dataSync()[0] ?? Number.NaN)

/** Loss and gradients with respect to the named inputs. */
function derive(item: GoldenCase, inputs: Inputs, names: readonly string[]): tf.Tensor[] {
  const { value, grads } = tf.valueAndGrads((...current) => {
    const given = Object.fromEntries(names.map((name, index) => [name, current[index]]))
    const nothing = tf.mul(tf.addN(current.map((tensor) => tf.sum(tensor))), 0)
    return tf.add(lossOf(item, { ...inputs, ...given } as Inputs), nothing) as tf.Scalar
  })(names.map((name) => inputs[name] as tf.Tensor))
  return [value, ...grads]
}

/** What is trained: the student's taps, projectors, variances, embeddings. */
const trained = (item: GoldenCase): string[] => [
  item.student_input,
  ...Object.keys(item.grad_other ?? {}),
]

const isFloat = (tensor: tf.Tensor): boolean => tensor.dtype === 'float32'

function mapped(inputs: Inputs, change: (tensor: tf.Tensor, name: string) => tf.Tensor): Changed {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, tensor]) => [name, change(tensor, name)]),
  )
}

test.each(ORDINARY)('$method: no gradient reaches the teacher', (item) => {
  const inputs = tensors(item.inputs)
  const constants = Object.keys(inputs).filter(
    (name) => isFloat(inputs[name] as tf.Tensor) && !trained(item).includes(name),
  )
  if (constants.length === 0) return
  const [, ...gradients] = derive(item, inputs, constants)
  for (const [index, gradient] of gradients.entries())
    expect(
      [...gradient.dataSync()].every((entry) => entry === 0),
      constants[index],
    ).toBe(true)
})

test.each(ORDINARY)('$method: leaves no tensor behind, and touches none of its inputs', (item) => {
  const inputs = tensors(item.inputs)
  const before = tf.memory().numTensors
  const loss = goldenLoss(methodOf(item), inputs, optionsOf(item))
  const parts = 'components' in loss ? Object.values(loss.components).length + 1 : 1
  expect(tf.memory().numTensors).toBe(before + parts)
  tf.dispose(loss as unknown as tf.TensorContainer)
  const derived = derive(item, inputs, trained(item))
  expect(tf.memory().numTensors).toBe(before + derived.length)
  tf.dispose(derived)
  expect(Object.values(inputs).some(({ isDisposed }) => isDisposed)).toBe(false)
})

const extremes: [string, (tensor: tf.Tensor, name: string) => tf.Tensor][] = [
  ['a thousand times as large', (tensor) => tf.mul(tensor, 1000)],
  ['opposite to the teacher', (x, name) => tf.mul(x, name.startsWith('student') ? 300 : -300)],
  ['zeros', (tensor) => tf.zerosLike(tensor)],
  ['a student of zeros', (x, name) => (name.startsWith('student') ? tf.zerosLike(x) : x)],
  ['a teacher of zeros', (x, name) => (name.startsWith('student') ? x : tf.zerosLike(x))],
  ['all equal', (tensor) => tf.fill(tensor.shape, 0.7)],
  ['tiny', (tensor) => tf.mul(tensor, 1e-15)],
]

test.each(ORDINARY.flatMap((item) => extremes.map(([name, change]) => ({ item, name, change }))))(
  '$item.method: finite in value and gradient for $name',
  ({ item, change }) => {
    const inputs = mapped(tensors(item.inputs), (tensor, name) =>
      isFloat(tensor) ? change(tensor, name) : tensor,
    )
    for (const result of derive(item, inputs, trained(item)))
      expect([...result.dataSync()].every(Number.isFinite)).toBe(true)
  },
)

const compiled = OWN_FILE.cases.filter(({ kind }) => kind !== 'extreme' && kind !== 'equal')

test.each(compiled)('$id: recorded as a graph it computes the same', (item) => {
  const inputs = tensors(item.inputs)
  const names = Object.keys(inputs)
  const list = Object.values(inputs)
  const others = list.map((tensor) =>
    isFloat(tensor) ? tf.fill(tensor.shape, 0.5) : tf.zerosLike(tensor),
  )
  const program = (given: readonly tf.Tensor[]): tf.Tensor[] =>
    derive(
      item,
      Object.fromEntries(names.map((name, at) => [name, given[at]])) as Inputs,
      trained(item),
    )
  const wanted = program(list).map((tensor) => [...tensor.dataSync()])
  const got = runAsGraph(program, list, others)
  for (const [index, want] of wanted.entries())
    expectAllClose(got[index] as Float32Array, want, 1e-5, 1e-6, `result ${index}`)
})

/** Inputs with one entry a row of the batch, and the axis of it. */
const batchAxis = (name: string): number | null => {
  if (name === 'peers') return 1
  return /^(student|teacher|labels|indices)/.test(name) ? 0 : null
}

test.each(ORDINARY)('$method: the order of the rows does not matter', (item) => {
  const inputs = tensors(item.inputs)
  const turned = mapped(inputs, (tensor, name) => {
    const axis = batchAxis(name)
    return axis === null ? tensor : tf.reverse(tensor, axis)
  })
  const value = lossValue(item, inputs)
  expectAllClose([lossValue(item, turned)], [value], 1e-5, 1e-7, 'value')
})

/** Their sums or normalizations run over the batch. */
const NOT_A_MEAN_OVER_ROWS: readonly MethodId[] = [
  'similarity-preserving',
  'relational',
  'probabilistic-knowledge-transfer',
]

test.each(ORDINARY)('$method: the same rows twice give the same loss', (item) => {
  const inputs = tensors(item.inputs)
  const twice = mapped(inputs, (tensor, name) => {
    const axis = batchAxis(name)
    return axis === null ? tensor : tf.concat([tensor, tensor], axis)
  })
  const [once, doubled] = [lossValue(item, inputs), lossValue(item, twice)]
  if (NOT_A_MEAN_OVER_ROWS.includes(methodOf(item))) expect(doubled).not.toBeCloseTo(once, 5)
  else expectAllClose([doubled], [once], 1e-4, 1e-7, 'value')
})

const zeroAtEquality = ORDINARY.filter(({ method }) => OWN_FILE.methods[method]?.zero_at_equality)

test.each(zeroAtEquality)(
  '$method: 0, with a gradient of 0, where the student is the teacher',
  (item) => {
    const inputs = tensors(item.inputs)
    const same: Changed = {}
    for (const [name, tensor] of Object.entries(inputs)) {
      if (name.startsWith('regressor')) continue
      const teacher = inputs[name.replace('student', 'teacher')]
      same[name] = name.startsWith('student') && teacher ? teacher : tensor
    }
    if (same.peers) same.peers = tf.stack([same.student as tf.Tensor])
    const [value, gradient] = derive(item, same, [item.student_input])
    expect(Math.abs(value?.dataSync()[0] ?? Number.NaN)).toBeLessThan(1e-5)
    expect(Math.max(...(gradient?.abs().dataSync() ?? [Number.NaN]))).toBeLessThan(1e-5)
  },
)

const shift = (tensor: tf.Tensor): tf.Tensor =>
  tf.add(tensor, tf.reshape(tf.linspace(-3, 4, tensor.shape[0] ?? 0), [-1, 1]))
const scaleRows = (tensor: tf.Tensor): tf.Tensor =>
  tf.mul(
    tensor,
    tf.reshape(tf.linspace(0.5, 3, tensor.shape[0] ?? 0), [-1, ...tensor.shape.slice(1).fill(1)]),
  )
const turn = (tensor: tf.Tensor): tf.Tensor => tf.neg(tf.reverse(tensor, -1))

const invariances: [MethodId, string, (student: tf.Tensor) => tf.Tensor][] = [
  ['hard-labels', 'a constant added to each row', shift],
  ['soft-targets', 'a constant added to each row', shift],
  ['decoupled', 'a constant added to each row', shift],
  ['dist', 'a constant added to each row', shift],
  ['virtual-teacher', 'a constant added to each row', shift],
  ['mutual', 'a constant added to each row', shift],
  ['logit-standardization', 'shift and scale of each row', (x) => shift(scaleRows(x))],
  ['attention-transfer', 'the scale of each map', scaleRows],
  ['attention-transfer', 'order and sign of channels', turn],
  ['similarity-preserving', 'a rotation of the features', turn],
  ['similarity-preserving', 'the scale of the features', (x) => tf.mul(x, 7)],
  ['correlation-congruence', 'the scale of each row', scaleRows],
  ['correlation-congruence', 'a rotation of the features', turn],
  ['probabilistic-knowledge-transfer', 'the scale of each row', scaleRows],
  ['relational', 'moving, turning and scaling', (x) => tf.add(tf.mul(turn(x), 5), 2)],
  ['neuron-selectivity', 'order, sign and scale of channels', (x) => scaleRows(turn(x))],
  ['factor-transfer', 'the scale of each factor', scaleRows],
  ['channel-wise', 'a constant added to each map', (x) => tf.add(x, 3)],
  ['class-attention', 'the scale of each map', scaleRows],
  ['key-points', 'the scale of each map', scaleRows],
  ['key-points', 'order and sign of channels', turn],
]

test.each(invariances)('%s: blind to %s', (method, _, change) => {
  const item = ordinary(method)
  const inputs = tensors(item.inputs)
  const moved = { ...inputs, student: change(inputs.student as tf.Tensor) }
  expectAllClose([lossValue(item, moved)], [lossValue(item, inputs)], 1e-4, 1e-6, 'value')
})

test('centred logit regression is blind to a constant added to each row, the plain one is not', () => {
  const item = ordinary('logit-mse')
  const inputs = tensors(item.inputs)
  const moved = { ...inputs, student: shift(inputs.student as tf.Tensor) }
  const centred = { ...item, options: { center: true } }
  expectAllClose([lossValue(centred, moved)], [lossValue(centred, inputs)], 1e-4, 1e-6, 'value')
  expect(lossValue(item, moved)).not.toBeCloseTo(lossValue(item, inputs), 2)
})

const byLabel: MethodId[] = [
  'hard-labels',
  'decoupled',
  'virtual-teacher',
  'prototype-direction',
  'prototype-reconstruction',
]

test.each(byLabel)('%s: a row without label counts for nothing', (method) => {
  const item = ordinary(method)
  const inputs = tensors(item.inputs)
  const rows = inputs.labels?.shape[0] ?? 0
  const half = mapped(inputs, (tensor, name) =>
    batchAxis(name) === 0 ? tf.slice(tensor, 0, rows / 2) : tensor,
  )
  const isKnown = tf.less(tf.range(0, rows, 1, 'int32'), rows / 2)
  const hidden = {
    ...inputs,
    labels: tf.where(isKnown, inputs.labels as tf.Tensor, tf.fill([rows], -1, 'int32')),
  }
  expectAllClose([lossValue(item, hidden)], [lossValue(item, half)], 1e-5, 1e-6, 'value')
  const [, gradient] = derive(item, hidden, [item.student_input])
  const unlabelled = tf.slice(gradient as tf.Tensor, rows / 2)
  expect([...unlabelled.dataSync()].every((entry) => Math.abs(entry) === 0)).toBe(true)
  const none = { ...inputs, labels: tf.fill([rows], -1, 'int32') }
  const [value, nothing] = derive(item, none, [item.student_input])
  expect([...(value?.dataSync() ?? []), ...(nothing?.dataSync() ?? [])].every((x) => x === 0)).toBe(
    true,
  )
})

test('soft targets are decoupled with α = 1 and β = 1 − the confidence of the teacher', () => {
  const student = tf.tensor2d([[1.5, -0.3, 0.8, 0.1]])
  const teacher = tf.tensor2d([[2, 0.4, -1, 0.6]])
  const labels = tf.tensor1d([0], 'int32')
  const confidence = tf.softmax(teacher.div(3)).dataSync()[0] ?? Number.NaN
  const both = { student, teacher, labels }
  const soft = lossValue({ ...ordinary('soft-targets'), options: { temperature: 3 } }, both)
  const options = { alpha: 1, beta: 1 - confidence, temperature: 3 }
  expect(lossValue({ ...ordinary('decoupled'), options }, both)).toBeCloseTo(soft, 5)
})

test('logit regression, centred, is the limit of soft targets for a high temperature', () => {
  const inputs = tensors(ordinary('logit-mse').inputs)
  const centred = lossValue({ ...ordinary('logit-mse'), options: { center: true } }, inputs)
  const soft = lossValue({ ...ordinary('soft-targets'), options: { temperature: 50 } }, inputs)
  expect(soft / centred).toBeCloseTo(1, 1)
})

test('a virtual teacher that is certain is the cross-entropy', () => {
  const item = ordinary('virtual-teacher')
  const options = { correct: 1, teacherTemperature: null, studentTemperature: 1 }
  const inputs = tensors(item.inputs)
  const certain = lossValue({ ...item, options }, inputs)
  expect(certain).toBeCloseTo(lossValue(ordinary('hard-labels'), inputs), 5)
})

test('contrastive: a temperature at which exp(1 / T) is no float32 is no problem', () => {
  const item = ordinary('contrastive')
  const cold = { ...item, options: { ...item.options, temperature: 0.005 } }
  for (const result of derive(cold, tensors(item.inputs), ['student', 'teacher']))
    expect([...result.dataSync()].every(Number.isFinite)).toBe(true)
})
