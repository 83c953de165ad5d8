import { expect, test } from 'vitest'
import type { LayerSpec } from '../../../src/domain/layers.ts'
import { elements, isChain, type Network, weightName } from '../../../src/domain/network.ts'
import { apply } from '../../../workers/engine/forward.ts'
import { tf } from '../../../workers/engine/tensorflow.ts'
import { initialize, upload, type Weights } from '../../../workers/engine/weights.ts'
import { BRANCHES, EVERY_LAYER, fixture, networkOf, readJson } from './support.ts'

interface Entry {
  shape: number[]
  data: number[]
}
interface Case {
  name: string
  layer: LayerSpec
  input: Entry
  output: Entry
  weights: Record<string, Entry>
  trainingOutput?: Entry
  newMovingMean?: Entry
  newMovingVariance?: Entry
}

const cases = readJson(fixture('engine/layers.json')) as Case[]
const tensor = ({ shape, data }: Entry): tf.Tensor => tf.tensor(data, shape, 'float32')
const seedTensor = (seed: number, step: number): tf.Tensor1D =>
  tf.tensor1d(Int32Array.of(seed, step), 'int32')

function expectClose(got: tf.Tensor | undefined, want: Entry | undefined): void {
  expect(got?.shape).toEqual(want?.shape)
  const values = got?.dataSync() ?? []
  for (const [index, value] of (want?.data ?? []).entries())
    expect(Math.abs((values[index] ?? Number.NaN) - value)).toBeLessThanOrEqual(
      1e-5 * (1 + Math.abs(value)),
    )
}

function load(item: Case) {
  const network = networkOf(item.input.shape.slice(1), [item.layer])
  const name = network.layers[0]?.name ?? ''
  const weights: Weights = Object.fromEntries(
    Object.entries(item.weights).map(([weight, entry]) => [`${name}.${weight}`, tensor(entry)]),
  )
  return { network, name, weights, input: tensor(item.input) }
}

test.each(cases)('$name gives what PyTorch computes', (item) => {
  const { network, weights, input } = load(item)
  const { logits } = apply(network, weights, input, { training: false })
  expectClose(logits, item.output)
  expect(logits.shape.slice(1)).toEqual([...(network.layers[0]?.outputShape ?? [])])
})

test.each(cases.filter(({ trainingOutput }) => trainingOutput))(
  '$name uses the batch in training and moves its averages by the population variance',
  (item) => {
    const { network, name, weights, input } = load(item)
    const mode = { training: true, dropoutSeed: seedTensor(1, 1) } as const
    const { logits, updates } = apply(network, weights, input, mode)
    expectClose(logits, item.trainingOutput)
    expectClose(updates[weightName(name, 'movingMean')], item.newMovingMean)
    expectClose(updates[weightName(name, 'movingVariance')], item.newMovingVariance)
  },
)

test('dropout zeroes the given share and scales the rest, other in every step and layer', () => {
  const network = networkOf([1000], [{ type: 'dropout', rate: 0.25 }])
  const twice = networkOf(
    [1000],
    [
      { type: 'dropout', rate: 0 },
      { type: 'dropout', rate: 0.25 },
    ],
  )
  const ones = tf.ones([10, 1000])
  const masked = (which: typeof network, seed: number, step: number): Float32Array =>
    apply(which, {}, ones, {
      training: true,
      dropoutSeed: seedTensor(seed, step),
    }).logits.dataSync() as Float32Array
  const first = masked(network, 5, 1)
  const zeros = first.filter((value) => value === 0).length
  expect(Math.abs(zeros / first.length - 0.25)).toBeLessThan(0.03)
  expect(first.every((value) => value === 0 || Math.abs(value - 4 / 3) < 1e-6)).toBe(true)
  expect(masked(network, 5, 1)).toEqual(first)
  expect(masked(network, 5, 2)).not.toEqual(first)
  expect(masked(network, 6, 1)).not.toEqual(first)
  expect(masked(twice, 5, 1)).not.toEqual(first)
})

/** Central differences in the direction of each weight, against the gradient of autodiff. */
function compareWithDifferences(specs: readonly LayerSpec[], inputShape: number[]): void {
  const network = networkOf(inputShape, specs)
  const arrays = initialize(network, 3)
  const weights = upload(arrays)
  const names = arrays.map(({ name }) => name).filter((name) => !name.includes('moving'))
  const inputs = tf.randomNormal([4, ...inputShape], 0, 1, 'float32', 11)
  const last = network.layers.at(-1)?.outputShape ?? []
  const probe = tf.randomNormal([4, ...last], 0, 1, 'float32', 12)
  const mode = { training: true, dropoutSeed: seedTensor(3, 1) } as const
  const value = (input: tf.Tensor, current: Weights): tf.Scalar =>
    tf.sum(tf.mul(apply(network, current, input, mode).logits, probe)) as tf.Scalar
  const points = [inputs, ...names.map((name) => weights[name] as tf.Tensor)]
  const bind = (tensors: tf.Tensor[]): [tf.Tensor, Weights] => [
    tensors[0] as tf.Tensor,
    {
      ...weights,
      ...Object.fromEntries(names.map((name, index) => [name, tensors[index + 1] as tf.Tensor])),
    },
  ]
  const gradients = tf.grads((...tensors: tf.Tensor[]) => value(...bind(tensors)))(points)
  const step = 1e-2
  for (const [index, point] of points.entries()) {
    const got = gradients[index]?.dataSync() ?? []
    const count = elements(point.shape)
    for (let element = 0; element < count; element += Math.ceil(count / 7)) {
      const at = (change: number): number => {
        const moved = point.dataSync().slice()
        moved[element] = (moved[element] ?? 0) + change
        const shifted = points.map((other, which) =>
          which === index ? tf.tensor(moved, point.shape, 'float32') : other,
        )
        return value(...bind(shifted)).dataSync()[0] ?? Number.NaN
      }
      const want = (at(step) - at(-step)) / (2 * step)
      const tolerance = 0.02 * Math.max(1, Math.abs(want))
      expect(Math.abs((got[element] ?? Number.NaN) - want)).toBeLessThan(tolerance)
    }
  }
}

const withoutKinks = (specs: readonly LayerSpec[]): LayerSpec[] =>
  specs
    .filter(({ type }) => type !== 'globalMaxPooling2d')
    .map((spec) => {
      if (spec.type === 'conv2d') return { ...spec, activation: 'tanh' }
      return spec.type === 'concatenate' && spec.inputs?.includes('largest')
        ? { ...spec, inputs: ['mean', 'mean'] }
        : spec
    })

test.each([
  ['dense', [{ type: 'dense', units: 3 }], [5]],
  ['elu', [{ type: 'dense', units: 4, activation: 'elu' }], [5]],
  ['leakyRelu', [{ type: 'activation', activation: 'leakyRelu', negativeSlope: 0.3 }], [5]],
  ['gelu', [{ type: 'dense', units: 4, activation: 'gelu' }], [5]],
  ['swish', [{ type: 'dense', units: 4, activation: 'swish' }], [5]],
  ['tanh', [{ type: 'dense', units: 4, activation: 'tanh' }], [5]],
  ['sigmoid', [{ type: 'dense', units: 4, activation: 'sigmoid' }], [5]],
  ['conv2d', [{ type: 'conv2d', filters: 3, kernelSize: 3, padding: 'same' }], [5, 4, 2]],
  ['strided conv2d', [{ type: 'conv2d', filters: 3, kernelSize: 2, strides: 2 }], [5, 4, 2]],
  ['averagePooling2d', [{ type: 'averagePooling2d', padding: 'same' }], [5, 4, 2]],
  ['globalAveragePooling2d', [{ type: 'globalAveragePooling2d' }], [5, 4, 2]],
  [
    'depthwiseConv2d',
    [{ type: 'depthwiseConv2d', kernelSize: [3, 2], depthMultiplier: 2, padding: 'same' }],
    [5, 4, 2],
  ],
  ['strided depthwiseConv2d', [{ type: 'depthwiseConv2d', kernelSize: 2, strides: 2 }], [5, 4, 2]],
  [
    'separableConv2d',
    [{ type: 'separableConv2d', filters: 3, kernelSize: 3, depthMultiplier: 2, padding: 'same' }],
    [5, 4, 2],
  ],
  ['branches', withoutKinks(BRANCHES), [5, 4, 2]],
  ['conv1d', [{ type: 'conv1d', filters: 3, kernelSize: 3, padding: 'same' }], [5, 2]],
  ['strided conv1d', [{ type: 'conv1d', filters: 3, kernelSize: 2, strides: 2 }], [5, 2]],
  ['depthwiseConv1d', [{ type: 'depthwiseConv1d', kernelSize: 3, depthMultiplier: 2 }], [5, 2]],
  [
    'separableConv1d',
    [{ type: 'separableConv1d', filters: 3, kernelSize: 2, depthMultiplier: 2, strides: 2 }],
    [5, 2],
  ],
  ['averagePooling1d', [{ type: 'averagePooling1d', padding: 'same' }], [5, 2]],
  ['globalAveragePooling1d', [{ type: 'globalAveragePooling1d' }], [5, 2]],
  ['globalMaxPooling1d', [{ type: 'globalMaxPooling1d' }], [5, 2]],
  ['zeroPadding1d', [{ type: 'zeroPadding1d', padding: [1, 2] }], [3, 2]],
  ['upSampling1d', [{ type: 'upSampling1d', size: 3 }], [3, 2]],
  ['reshape', [{ type: 'reshape', targetShape: [2, -1] }], [3, 2]],
  ['rescaling', [{ type: 'rescaling', scale: -0.3, offset: 2 }], [3, 2]],
  ['zeroPadding2d', [{ type: 'zeroPadding2d', padding: [1, 2] }], [3, 2, 2]],
  ['upSampling2d', [{ type: 'upSampling2d', size: [2, 3] }], [3, 2, 2]],
  ['layerNormalization', [{ type: 'layerNormalization' }], [3, 2, 4]],
  ['globalMaxPooling2d', [{ type: 'globalMaxPooling2d' }], [4, 3, 2]],
  ['batchNormalization', [{ type: 'batchNormalization' }], [3, 3, 2]],
  ['dropout', [{ type: 'dropout', rate: 0.4 }], [8]],
] as [string, LayerSpec[], number[]][])(
  'the gradient of %s agrees with finite differences',
  (_, specs, shape) => compareWithDifferences(specs, shape),
)

test('the gradient of an embedding is added up by token, and is 0 for those that do not occur', () => {
  const network = networkOf([3], [{ type: 'embedding', inputDim: 4, outputDim: 2 }])
  const table = tf.tensor2d([1, 2, 3, 4, 5, 6, 7, 8], [4, 2])
  const tokens = tf.tensor2d([
    [1, 3, 1],
    [0, 1, 3],
  ])
  const run = (values: tf.Tensor): tf.Tensor =>
    apply(network, { 'embedding_1.embeddings': values }, tokens, { training: false }).logits
  expect(run(table).arraySync()).toEqual([
    [
      [3, 4],
      [7, 8],
      [3, 4],
    ],
    [
      [1, 2],
      [3, 4],
      [7, 8],
    ],
  ])
  const factors = tf.tensor3d([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [2, 3, 2])
  const gradient = tf.grad((values: tf.Tensor) => tf.sum(tf.mul(run(values), factors)))(table)
  expect(gradient.arraySync()).toEqual([
    [7, 8],
    [1 + 5 + 9, 2 + 6 + 10],
    [0, 0],
    [3 + 11, 4 + 12],
  ])
})

test('the gradient of relu is 0 where it is off and passes where it is on', () => {
  const network = networkOf([4], [{ type: 'activation', activation: 'relu' }])
  const input = tf.tensor2d([[-2, -0.1, 0.1, 3]])
  const gradient = tf.grad((x: tf.Tensor) =>
    tf.sum(apply(network, {}, x, { training: false }).logits),
  )(input)
  expect([...gradient.dataSync()]).toEqual([0, 0, 1, 1])
})

test('the gradient of relu6 passes between 0 and 6 only', () => {
  const network = networkOf([5], [{ type: 'activation', activation: 'relu6' }])
  const input = tf.tensor2d([[-2, 0.1, 3, 5.9, 6.1]])
  const gradient = tf.grad((x: tf.Tensor) =>
    tf.sum(apply(network, {}, x, { training: false }).logits),
  )(input)
  expect([...gradient.dataSync()]).toEqual([0, 1, 1, 1, 0])
})

test('the gradient of maxPooling2d goes to the largest pixel', () => {
  const network = networkOf([2, 2, 1], [{ type: 'maxPooling2d' }])
  const input = tf.tensor4d([1, 7, 3, 2], [1, 2, 2, 1])
  const gradient = tf.grad((x: tf.Tensor) =>
    tf.sum(apply(network, {}, x, { training: false }).logits),
  )(input)
  expect([...gradient.dataSync()]).toEqual([0, 1, 0, 0])
})

test('a residual network with branches gives what PyTorch computes', () => {
  const item = readJson(fixture('engine/branches.json')) as Omit<Case, 'layer'> & {
    layers: LayerSpec[]
  }
  const network = networkOf(item.input.shape.slice(1), item.layers)
  const weights: Weights = Object.fromEntries(
    Object.entries(item.weights).map(([name, entry]) => [name, tensor(entry)]),
  )
  const { logits } = apply(network, weights, tensor(item.input), { training: false })
  expectClose(logits, item.output)
})

test('a network stored before there were branches is a chain, whatever its layers are called', () => {
  const network = networkOf(
    [4],
    [
      { type: 'dense', units: 3, name: 'first' },
      { type: 'dense', units: 2, name: 'second' },
    ],
  )
  const old = {
    inputShape: network.inputShape,
    layers: network.layers.map(({ inputs: _, ...placed }, position) => ({
      ...placed,
      name: ['input', 'second'][position] ?? '',
    })),
  }
  const arrays = initialize(network, 1)
  const renamed = arrays.map((array) => ({ ...array, name: array.name.replace('first', 'input') }))
  const rows = tf.tensor2d([[1, 2, 3, 4]])
  const run = (which: Network, weights: typeof arrays) =>
    apply(which, upload(weights), rows, { training: false }).logits.dataSync()
  expect(isChain(old)).toBe(true)
  expect(run(old, renamed)).toEqual(run(network, arrays))
})

test('initial kernels fill the Glorot interval, and layer names do not matter', () => {
  const network = networkOf([6, 6, 2], EVERY_LAYER)
  const kernel = initialize(network, 1).find(({ name }) => name === 'conv2d_1.kernel')
  const limit = Math.sqrt(6 / (3 * 2 * (2 + 4)))
  const values = kernel?.values ?? new Float32Array()
  const largest = Math.max(...values.map(Math.abs))
  expect(largest).toBeLessThanOrEqual(Math.fround(limit))
  expect(largest).toBeGreaterThan(0.8 * limit)
  const named = (name: string) => networkOf([3], [{ type: 'dense', units: 4, name }])
  expect(initialize(named('a'), 1)[0]?.values).toEqual(initialize(named('b'), 1)[0]?.values)
  expect(initialize(named('a'), 1)[0]?.values).not.toEqual(initialize(named('a'), 2)[0]?.values)
})
