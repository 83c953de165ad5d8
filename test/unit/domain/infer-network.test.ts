import { expect, test } from 'vitest'
import type { Architecture, Preset } from '../../../src/domain/architecture.ts'
import { multiplyAdds } from '../../../src/domain/cost.ts'
import { inferNetwork } from '../../../src/domain/infer-network.ts'
import type { LayerSpec } from '../../../src/domain/layers.ts'
import { isChain, parameterCount, weightBytes } from '../../../src/domain/network.ts'

const networkOf = (architecture: Architecture, shape = [28, 28, 1], classes = 10) => {
  const inference = inferNetwork(architecture, shape, classes, '/a')
  if ('issues' in inference) throw new Error(JSON.stringify(inference.issues))
  return inference.network
}
const issueOf = (architecture: Architecture, shape = [28, 28, 1], classes = 10) => {
  const inference = inferNetwork(architecture, shape, classes, '/a')
  return 'issues' in inference ? inference.issues[0] : undefined
}

test('parameters of known networks are those of the literature', () => {
  // 784-10 and 784-1200-1200-10, counted by hand: Σ (in + 1) · out.
  expect(parameterCount(networkOf({ preset: 'logistic' }))).toBe(785 * 10)
  expect(parameterCount(networkOf({ preset: 'mlp', hiddenUnits: [1200, 1200] }))).toBe(
    785 * 1200 + 1201 * 1200 + 1201 * 10,
  )
  // Keras' summary of the same layers: 416 + 12,832 + 131,796 + 850.
  expect(parameterCount(networkOf({ preset: 'lenet' }))).toBe(145_894)
})

test.each<[Preset, number, number]>([
  // Counted with PyTorch's modules, the batch normalizations included: 10 and 100 classes, images of 32x32x3.
  ['resnet8', 78_042, 83_892],
  ['resnet20', 272_474, 278_324],
  ['resnet32', 466_906, 472_756],
  ['resnet56', 855_770, 861_620],
  ['wrn-16-1', 175_066, 180_916],
  ['wrn-16-2', 691_674, 703_284],
  ['wrn-40-2', 2_243_546, 2_255_156],
  ['vgg8', 3_918_858, 3_965_028],
  ['mobilenet-tiny', 141_994, 165_124],
])('%s has %i parameters for 10 classes', (preset, ten, hundred) => {
  expect(parameterCount(networkOf({ preset }, [32, 32, 3], 10))).toBe(ten)
  expect(parameterCount(networkOf({ preset }, [32, 32, 3], 100))).toBe(hundred)
})

test.each<[Preset, number, number]>([
  // He et al. 2015, table 6, with the projections' 2,752 parameters taken off, which those nets have not.
  ['resnet20', 0.27, 2752],
  ['resnet32', 0.46, 2752],
  ['resnet56', 0.85, 2752],
  // As rounded by Zagoruyko & Komodakis in "Wide residual networks" and "Paying more attention to attention".
  ['wrn-40-2', 2.2, 0],
  ['wrn-16-2', 0.7, 0],
  ['wrn-16-1', 0.2, 0],
])('%s has the %d million parameters of its paper', (preset, millions, more) => {
  const count = parameterCount(networkOf({ preset }, [32, 32, 3], 10)) - more
  const digits = String(millions).split('.')[1]?.length ?? 0
  expect((count / 1e6).toFixed(digits)).toBe(String(millions))
})

test('multiply-adds of resnet20 are those of its convolutions', () => {
  const stage = (pixels: number, input: number, filters: number) =>
    pixels * 9 * filters * (input + 5 * filters)
  expect(multiplyAdds(networkOf({ preset: 'resnet20' }, [32, 32, 3], 10))).toBe(
    1024 * 27 * 16 +
      stage(1024, 16, 16) +
      stage(256, 16, 32) +
      stage(64, 32, 64) +
      256 * 16 * 32 +
      64 * 32 * 64 +
      640,
  )
})

test('the layers of a residual preset are named after stage and block', () => {
  const named = (preset: Preset) =>
    networkOf({ preset }, [32, 32, 3], 10).layers.map(({ name, inputs }) => [name, inputs])
  expect(named('resnet8').slice(10, 19)).toEqual([
    ['stage2_block1_conv1', ['stage1_block1_out']],
    ['stage2_block1_bn1', ['stage2_block1_conv1']],
    ['stage2_block1_relu1', ['stage2_block1_bn1']],
    ['stage2_block1_conv2', ['stage2_block1_relu1']],
    ['stage2_block1_bn2', ['stage2_block1_conv2']],
    ['stage2_block1_shortcut_conv', ['stage1_block1_out']],
    ['stage2_block1_shortcut_bn', ['stage2_block1_shortcut_conv']],
    ['stage2_block1_add', ['stage2_block1_bn2', 'stage2_block1_shortcut_bn']],
    ['stage2_block1_out', ['stage2_block1_add']],
  ])
  const wide = new Map(named('wrn-16-2') as [string, string[]][])
  expect(wide.get('stage1_block1_shortcut')).toEqual(['stage1_block1_relu1'])
  expect(wide.get('stage1_block2_add')).toEqual(['stage1_block2_conv2', 'stage1_block1_add'])
})

test('a residual preset of a vector is refused', () => {
  expect(issueOf({ preset: 'resnet8' }, [64])).toMatchObject({ pointer: '/a/preset' })
})

test('multiply-adds count each kernel once for every output pixel', () => {
  expect(multiplyAdds(networkOf({ preset: 'logistic' }))).toBe(7840)
  expect(multiplyAdds(networkOf({ preset: 'lenet' }))).toBe(
    28 * 28 * 25 * 16 + 14 * 14 * 25 * 16 * 32 + 1568 * 84 + 84 * 10,
  )
})

test('moving averages are bytes but not parameters', () => {
  const network = networkOf({
    layers: [
      { type: 'flatten' },
      { type: 'batchNormalization' },
      { type: 'dense', units: 10, useBias: false },
    ],
  })
  expect(parameterCount(network)).toBe(2 * 784 + 7840)
  expect(weightBytes(network)).toBe(4 * (4 * 784 + 7840))
})

test('window arithmetic follows TensorFlow for both paddings', () => {
  const shapes = (padding: 'same' | 'valid') =>
    networkOf(
      {
        layers: [
          { type: 'conv2d', filters: 4, kernelSize: [5, 3], strides: [2, 3], padding },
          { type: 'maxPooling2d', poolSize: 3, strides: 2, padding },
          { type: 'globalAveragePooling2d' },
          { type: 'dense', units: 10 },
        ],
      },
      [11, 17, 3],
    ).layers.map((placed) => placed.outputShape)
  expect(shapes('same')).toEqual([[6, 6, 4], [3, 3, 4], [4], [10]])
  expect(shapes('valid')).toEqual([[4, 5, 4], [1, 2, 4], [4], [10]])
})

test('a dense layer that stands first takes the pixels as one vector, and says so', () => {
  const inference = inferNetwork({ layers: [{ type: 'dense', units: 10 }] }, [8, 8, 1], 10, '/a')
  expect(inference).toMatchObject({
    network: { layers: [{ layer: { type: 'flatten' } }, { layer: { type: 'dense' } }] },
    notes: [expect.stringContaining('flatten')],
  })
})

test('a missing flatten is an error at the layer that needs it', () => {
  const issue = issueOf({
    layers: [
      { type: 'conv2d', filters: 4, kernelSize: 3 },
      { type: 'dense', units: 10 },
    ],
  })
  expect(issue).toMatchObject({ pointer: '/a/layers/1', code: 'layer-does-not-fit' })
  expect(issue?.message).toContain('flatten')
})

test('a pool below one pixel is an error at its size', () => {
  expect(
    issueOf(
      {
        layers: [
          { type: 'maxPooling2d', poolSize: 9 },
          { type: 'flatten' },
          { type: 'dense', units: 10 },
        ],
      },
      [8, 8, 1],
    ),
  ).toMatchObject({ pointer: '/a/layers/0/poolSize', code: 'layer-does-not-fit' })
})

test('pointers count the layers that the client sent, not the ones put in between', () => {
  expect(
    issueOf({
      layers: [
        { type: 'dense', units: 5 },
        { type: 'dense', units: 7 },
      ],
    }),
  ).toMatchObject({ pointer: '/a/layers/1', code: 'output-is-not-classes' })
})

test('a separable convolution has the weights of its two parts, and each is counted with its pixels', () => {
  const network = networkOf(
    {
      layers: [
        { type: 'separableConv2d', filters: 8, kernelSize: 3, strides: 2, depthMultiplier: 2 },
        { type: 'depthwiseConv2d', kernelSize: 3, padding: 'same', useBias: false },
        { type: 'globalMaxPooling2d' },
        { type: 'dense', units: 10 },
      ],
    },
    [9, 9, 3],
  )
  expect(network.layers.map((placed) => placed.outputShape)).toEqual([
    [4, 4, 8],
    [4, 4, 8],
    [8],
    [10],
  ])
  expect(parameterCount(network)).toBe(3 * 3 * 3 * 2 + 6 * 8 + 8 + 3 * 3 * 8 + 90)
  expect(multiplyAdds(network)).toBe(16 * (54 + 48 + 72) + 80)
})

test('layers on sequences have the shapes, weights and multiply-adds of Keras', () => {
  const network = networkOf(
    {
      layers: [
        { type: 'reshape', targetShape: [-1, 8] },
        { type: 'conv1d', filters: 6, kernelSize: 5, strides: 2 },
        { type: 'zeroPadding1d' },
        { type: 'separableConv1d', filters: 4, kernelSize: 3, depthMultiplier: 2, padding: 'same' },
        { type: 'upSampling1d', size: 3 },
        { type: 'depthwiseConv1d', kernelSize: 4, strides: 4, useBias: false },
        { type: 'maxPooling1d', poolSize: 3, strides: 2 },
        { type: 'globalAveragePooling1d' },
        { type: 'dense', units: 10 },
      ],
    },
    [28, 28, 1],
  )
  expect(network.layers.map((placed) => placed.outputShape)).toEqual([
    [98, 8],
    [47, 6],
    [49, 6],
    [49, 4],
    [147, 4],
    [36, 4],
    [17, 4],
    [4],
    [10],
  ])
  expect(network.layers.map(({ weights }) => weights.map(({ shape }) => shape))).toMatchObject({
    1: [[5, 8, 6], [6]],
    3: [[3, 6, 2], [1, 12, 4], [4]],
    5: [[4, 4, 1]],
  })
  expect(parameterCount(network)).toBe(246 + 36 + 48 + 4 + 16 + 50)
  expect(multiplyAdds(network)).toBe(47 * 240 + 49 * (36 + 48) + 36 * 16 + 40)
})

test('an embedding has a table, costs no multiplication, and reads rows in any shape', () => {
  const layers: LayerSpec[] = [
    { type: 'flatten' },
    { type: 'reshape', targetShape: [64] },
    { type: 'embedding', inputDim: 17, outputDim: 5 },
    { type: 'globalMaxPooling1d' },
    { type: 'dense', units: 10 },
  ]
  const network = networkOf({ layers }, [8, 8, 1])
  expect(network.layers[2]).toMatchObject({
    outputShape: [64, 5],
    weights: [{ name: 'embeddings', shape: [17, 5], trainable: true }],
  })
  expect(parameterCount(network)).toBe(85 + 60)
  expect(multiplyAdds(network)).toBe(50)
})

test('padding and upsampling enlarge an image as they say', () => {
  const shapes = networkOf(
    {
      layers: [
        {
          type: 'zeroPadding2d',
          padding: [
            [0, 1],
            [2, 3],
          ],
        },
        { type: 'upSampling2d', size: [3, 2] },
        { type: 'layerNormalization' },
        { type: 'flatten' },
        { type: 'dense', units: 10 },
      ],
    },
    [4, 5, 2],
  ).layers.map((placed) => placed.outputShape)
  expect(shapes.slice(0, 3)).toEqual([
    [5, 10, 2],
    [15, 20, 2],
    [15, 20, 2],
  ])
})

const conv = (name: string, more: object = {}): LayerSpec => ({
  type: 'conv2d',
  name,
  filters: 4,
  kernelSize: 3,
  padding: 'same',
  ...more,
})
const end: LayerSpec[] = [
  { type: 'globalAveragePooling2d', name: 'mean' },
  { type: 'dense', units: 10, name: 'logits' },
]

test('a layer reads the one before it unless it names its inputs', () => {
  const network = networkOf(
    {
      layers: [
        conv('a'),
        conv('b'),
        conv('c', { inputs: ['input'], filters: 2 }),
        { type: 'add', name: 'sum', inputs: ['a', 'b'] },
        { type: 'concatenate', name: 'both', inputs: ['c', 'sum', 'input'] },
        ...end,
      ],
    },
    [5, 5, 3],
  )
  expect(network.layers.map(({ name, inputs }) => [name, inputs])).toEqual([
    ['a', ['input']],
    ['b', ['a']],
    ['c', ['input']],
    ['sum', ['a', 'b']],
    ['both', ['c', 'sum', 'input']],
    ['mean', ['both']],
    ['logits', ['mean']],
  ])
  expect(network.layers[4]?.outputShape).toEqual([5, 5, 9])
  expect(isChain(network)).toBe(false)
})

test.each<[string, LayerSpec[], string, string]>([
  ['an unknown layer', [conv('a', { inputs: ['x'] })], '/a/layers/0/inputs/0', 'unknown-layer'],
  [
    'a later layer',
    [conv('a'), { type: 'add', name: 'sum', inputs: ['a', 'mean'] }],
    '/a/layers/1/inputs/1',
    'layer-comes-later',
  ],
  ['itself', [conv('a', { inputs: ['a'] })], '/a/layers/0/inputs/0', 'layer-comes-later'],
  [
    'everything but one layer',
    [conv('a'), conv('side'), conv('b', { inputs: ['a'] })],
    '/a/layers/1',
    'layer-unused',
  ],
  [
    'a sum of two shapes',
    [conv('a'), { type: 'add', inputs: ['a', 'input'] }],
    '/a/layers/1/inputs',
    'layer-does-not-fit',
  ],
  [
    'images of two sizes side by side',
    [conv('a', { strides: 2 }), { type: 'concatenate', inputs: ['a', 'input'] }],
    '/a/layers/1/inputs',
    'layer-does-not-fit',
  ],
  ['a sum of one', [conv('a'), { type: 'add' }], '/a/layers/1/inputs', 'layer-does-not-fit'],
  [
    'a convolution of two',
    [conv('a'), conv('b', { inputs: ['a', 'input'] })],
    '/a/layers/1/inputs',
    'layer-does-not-fit',
  ],
  ['a layer called input', [conv('input')], '/a/layers/0/name', 'reserved-layer-name'],
])('a network that reads %s is refused', (_, layers, pointer, code) => {
  expect(issueOf({ layers: [...layers, ...end] }, [5, 5, 3])).toMatchObject({ pointer, code })
})

test('what a layer may read is listed', () => {
  expect(issueOf({ layers: [conv('a'), conv('b', { inputs: ['c'] }), ...end] })?.allowed).toEqual([
    'input',
    'a',
  ])
})

test('a first dense layer that names the rows still gets them as one vector', () => {
  const { layers } = networkOf({
    layers: [{ type: 'dense', units: 10, inputs: ['input'], name: 'logits' }],
  })
  expect(layers.map(({ name, inputs }) => [name, inputs])).toEqual([
    ['flatten_1', ['input']],
    ['logits', ['flatten_1']],
  ])
})

test('the slope of leakyRelu is that of Keras 3 unless given', () => {
  const layers = (negativeSlope?: number) =>
    networkOf({
      layers: [
        {
          type: 'activation',
          activation: 'leakyRelu',
          ...(negativeSlope === undefined ? {} : { negativeSlope }),
        },
        { type: 'flatten' },
        { type: 'dense', units: 10 },
      ],
    }).layers[0]?.layer
  expect(layers()).toEqual({ type: 'activation', activation: 'leakyRelu', negativeSlope: 0.2 })
  expect(layers(0.01)).toMatchObject({ negativeSlope: 0.01 })
})

test.each<[string, Architecture, string]>([
  [
    'unequal strides of a depthwise convolution',
    { layers: [{ type: 'depthwiseConv2d', kernelSize: 3, strides: [1, 2] }] },
    '/a/layers/0/strides',
  ],
  [
    'a separable convolution of a vector',
    { layers: [{ type: 'flatten' }, { type: 'separableConv2d', filters: 2, kernelSize: 3 }] },
    '/a/layers/1',
  ],
  [
    'a slope of another activation',
    { layers: [{ type: 'activation', activation: 'relu', negativeSlope: 0.1 }] },
    '/a/layers/0/negativeSlope',
  ],
  ['both layers and preset', { preset: 'mlp', layers: [{ type: 'flatten' }] }, '/a'],
  ['neither', {}, '/a'],
  ['an option of another preset', { preset: 'mlp', filters: [2, 3] }, '/a/filters'],
  ['an option beside layers', { layers: [{ type: 'flatten' }], dropout: 0.5 }, '/a/dropout'],
  [
    'two layers of one name',
    {
      layers: [
        { type: 'flatten', name: 'x' },
        { type: 'dense', name: 'x', units: 10 },
      ],
    },
    '/a/layers/1/name',
  ],
  [
    'convolution after flatten',
    { layers: [{ type: 'flatten' }, { type: 'conv2d', filters: 1, kernelSize: 1 }] },
    '/a/layers/1',
  ],
  [
    'a shape that the numbers do not fill',
    { layers: [{ type: 'reshape', targetShape: [-1, 5] }] },
    '/a/layers/0/targetShape',
  ],
  [
    'a shape with two unknown sides',
    { layers: [{ type: 'reshape', targetShape: [-1, -1] }] },
    '/a/layers/0/targetShape',
  ],
  [
    'a sequence layer on an image',
    { layers: [{ type: 'conv1d', filters: 2, kernelSize: 3 }] },
    '/a/layers/0',
  ],
  [
    'a kernel longer than the sequence',
    {
      layers: [
        { type: 'reshape', targetShape: [4, 196] },
        { type: 'conv1d', filters: 2, kernelSize: 5 },
      ],
    },
    '/a/layers/1/kernelSize',
  ],
  [
    'an embedding of an image',
    { layers: [{ type: 'embedding', inputDim: 256, outputDim: 2 }] },
    '/a/layers/0',
  ],
  [
    'an embedding of something computed',
    {
      layers: [
        { type: 'flatten' },
        { type: 'rescaling', scale: 2 },
        { type: 'embedding', inputDim: 256, outputDim: 2 },
      ],
    },
    '/a/layers/2',
  ],
  ['a network too large', { preset: 'mlp', hiddenUnits: [65536, 65536] }, '/a'],
])('refuses %s', (_, architecture, pointer) => {
  expect(issueOf(architecture)?.pointer).toBe(pointer)
})
