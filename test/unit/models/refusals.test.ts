import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readKerasArchitecture } from '../../../src/models/keras-architecture.ts'
import { ModelError } from '../../../src/models/model-error.ts'
import { readLayersModel } from '../../../src/models/read-layers-model.ts'

type Json = Record<string, unknown>
type Weight = {
  name: string
  shape: number[]
  dtype: string
  quantization?: unknown
  group?: string
}

const layer = (className: string, config: Json, extra: Json = {}) => ({
  class_name: className,
  config: { name: 'it', ...config },
  ...extra,
})
const input = (shape: unknown) =>
  layer('InputLayer', { name: 'in', batch_input_shape: shape, dtype: 'float32' })
const out = (config: Json = {}) => layer('Dense', { name: 'out', units: 3, ...config })
const weight = (name: string, ...shape: number[]): Weight => ({ name, shape, dtype: 'float32' })

const modelOf = (layers: unknown[], weights: unknown[]) => ({
  format: 'layers-model',
  modelTopology: { class_name: 'Sequential', config: { name: 'sequential', layers } },
  weightsManifest: [{ paths: ['w.bin'], weights }],
})

const OUT = [weight('out/kernel', 4, 3), weight('out/bias', 3)]
const IMAGE = [null, 6, 6, 2]

/** A layer on images, then what makes a classifier of it. */
const onImage = (...layers: unknown[]) =>
  modelOf([input(IMAGE), ...layers, layer('Flatten', { name: 'flat' }), out()], [])
const onVector = (...layers: unknown[]) => modelOf([input([null, 4]), ...layers, out()], OUT)

function refusal(modelJson: unknown): ModelError {
  try {
    readLayersModel(modelJson)
  } catch (error) {
    if (error instanceof ModelError) return error
    throw error
  }
  throw new Error('it was accepted')
}

test('the model that the refusals vary is itself accepted', () => {
  const { network, tensors } = readLayersModel(onVector(layer('Dropout', { rate: 0.5 })))
  expect(network.layers.map((placed) => placed.name)).toEqual(['it', 'out'])
  expect(tensors.length).toBe(2)
})

const conv = (config: Json) =>
  layer('Conv2D', { filters: 2, kernel_size: [3, 3], padding: 'same', ...config })

test.each<[string, unknown, RegExp, string]>([
  ['channels first', onImage(conv({ data_format: 'channels_first' })), /"channels_last"/, 'option'],
  ['dilation', onImage(conv({ dilation_rate: [2, 2] })), /dilation_rate is \[2, 2\]/, 'option'],
  ['groups', onImage(conv({ groups: 2 })), /groups is 2/, 'option'],
  ['causal padding', onImage(conv({ padding: 'causal' })), /"valid", "same"/, 'option'],
  ['no filters', onImage(conv({ filters: undefined })), /filters is missing/, 'option'],
  ['negative units', onVector(layer('Dense', { units: -4 })), /units is -4/, 'option'],
  ['huge units', onVector(layer('Dense', { units: 1e9 })), /at|to 65536/, 'option'],
  ['units as text', onVector(layer('Dense', { units: '4' })), /units is "4"/, 'option'],
  ['LoRA', onVector(layer('Dense', { units: 4, lora_rank: 2 })), /lora_rank/, 'option'],
  [
    'mish',
    onVector(layer('Dense', { units: 4, activation: 'mish' })),
    /linear, relu, relu6, leakyRelu, elu/,
    'activation',
  ],
  ['a ReLU capped at 5', onVector(layer('ReLU', { max_value: 5 })), /max_value is 5/, 'option'],
  [
    'a ReLU with a threshold',
    onVector(layer('ReLU', { threshold: 1 })),
    /threshold is 1/,
    'option',
  ],
  [
    'a leaky and capped ReLU',
    onVector(layer('ReLU', { max_value: 6, negative_slope: 0.1 })),
    /negative_slope/,
    'option',
  ],
  ['a steep leaky ReLU', onVector(layer('LeakyReLU', { alpha: 2 })), /alpha is 2/, 'option'],
  [
    'dilated depthwise convolution',
    onImage(layer('DepthwiseConv2D', { kernel_size: [3, 3], dilation_rate: [2, 2] })),
    /dilation_rate/,
    'option',
  ],
  [
    'unequal strides of a depthwise convolution',
    onImage(layer('DepthwiseConv2D', { kernel_size: [3, 3], strides: [1, 2] })),
    /same stride/,
    'layer-does-not-fit',
  ],
  [
    'bilinear upsampling',
    onImage(layer('UpSampling2D', { interpolation: 'bilinear' })),
    /"nearest"/,
    'option',
  ],
  ['negative padding', onImage(layer('ZeroPadding2D', { padding: [-1, 1] })), /padding/, 'option'],
  ['three paddings', onImage(layer('ZeroPadding2D', { padding: [1, 1, 1] })), /padding/, 'option'],
  ['layer norm by pixel', onImage(layer('LayerNormalization', { axis: 1 })), /axis/, 'option'],
  [
    'RMS normalization',
    onImage(layer('LayerNormalization', { axis: -1, rms_scaling: true })),
    /rms_scaling/,
    'option',
  ],
  [
    'batch norm over rows',
    onImage(layer('BatchNormalization', { axis: 1 })),
    /axis is 1/,
    'option',
  ],
  [
    'batch norm over two axes',
    onImage(layer('BatchNormalization', { axis: [2, 3] })),
    /axis/,
    'option',
  ],
  ['renorm', onImage(layer('BatchNormalization', { renorm: true })), /renorm/, 'option'],
  ['dropout of everything', onVector(layer('Dropout', { rate: 1 })), /rate is 1/, 'option'],
  [
    'kept dimensions',
    onImage(layer('GlobalAveragePooling2D', { keepdims: true })),
    /keepdims/,
    'option',
  ],
  ['Lambda', onVector(layer('Lambda', { function: 'x' })), /program code/, 'layer-not-supported'],
  [
    'an unknown class',
    onVector(layer('LSTM', { units: 4 })),
    /Accepted are InputLayer, Dense/,
    'layer-not-supported',
  ],
  [
    'a model in the model',
    onVector(layer('Sequential', { layers: [] })),
    /flat model/,
    'layer-not-supported',
  ],
  [
    'a custom object',
    onVector(layer('Dense', { units: 4 }, { module: 'mine.layers' })),
    /custom object/,
    'layer-not-supported',
  ],
  [
    'a registered object',
    onVector(layer('Dense', { units: 4 }, { registered_name: 'me>Dense' })),
    /custom object/,
    'layer-not-supported',
  ],
  [
    'a softmax in between',
    onVector(layer('Softmax', { axis: -1 })),
    /very end/,
    'softmax-not-last',
  ],
  [
    'dense on images',
    modelOf([input(IMAGE), layer('Dense', { units: 2 })], []),
    /flatten/,
    'layer-does-not-fit',
  ],
  [
    'a pool below a pixel',
    onImage(layer('MaxPooling2D', { pool_size: 9 })),
    /does not fit/,
    'layer-does-not-fit',
  ],
  [
    'a second input',
    onVector(layer('InputLayer', { batch_input_shape: [null, 4] })),
    /second input/,
    'model-wiring-not-supported',
  ],
])('%s is refused, and the layer is named', (_, modelJson, message, code) => {
  const error = refusal(modelJson)
  expect(error.message).toMatch(message)
  expect(error.message).toMatch(/layer "it" \("\w+"\)/)
  expect(error.code).toContain(code)
})

const change = (model: ReturnType<typeof onVector>, fields: Json) => ({ ...model, ...fields })
const withWeights = (...weights: unknown[]) => modelOf([input([null, 4]), out()], weights)
const kernel = weight('out/kernel', 4, 3)
const bias = weight('out/bias', 3)

test.each<[string, unknown, string, RegExp]>([
  [
    'a graph model',
    change(onVector(), { format: 'graph-model' }),
    'graph-model-not-supported',
    /tfjs_layers_model/,
  ],
  [
    'a graph without format',
    { modelTopology: { node: [], versions: {} } },
    'graph-model-not-supported',
    /graph model/,
  ],
  [
    'another format',
    change(onVector(), { format: 'x' }),
    'model-format-not-supported',
    /"layers-model"/,
  ],
  [
    'weights without topology',
    change(onVector(), { modelTopology: null }),
    'model-topology-not-valid',
    /model\.save/,
  ],
  [
    'no manifest',
    change(onVector(), { weightsManifest: undefined }),
    'weights-manifest-not-valid',
    /weight files/,
  ],
  [
    'a subclassed model',
    change(onVector(), { modelTopology: { class_name: 'Net', config: {} } }),
    'model-class-not-supported',
    /"Net"/,
  ],
  [
    'an open input shape',
    modelOf([input([null, null, 4]), out()], OUT),
    'input-shape-not-supported',
    /layer "in"/,
  ],
  ['no input shape', modelOf([out()], OUT), 'input-shape-not-supported', /layer "out"/],
  [
    'one output',
    modelOf([input([null, 4]), out({ units: 1, activation: 'sigmoid' })], []),
    'output-is-not-classes',
    /at least 2/,
  ],
  [
    'images as output',
    modelOf([input(IMAGE), layer('MaxPooling2D', {})], []),
    'output-is-not-classes',
    /layer "it"/,
  ],
  [
    'nothing but a softmax',
    modelOf([input([null, 4]), layer('Softmax', {})], []),
    'layer-count-not-supported',
    /0 layers/,
  ],
  [
    'too many parameters',
    modelOf([input([null, 60_000]), out({ units: 60_000 })], []),
    'too-many-parameters',
    /250000000/,
  ],
  ['a missing weight', withWeights(kernel), 'weight-missing', /"out\/bias"/],
  [
    'a stranger',
    withWeights(kernel, bias, weight('other/kernel', 1)),
    'weight-unknown',
    /"other\/kernel".*"out\/kernel"/,
  ],
  [
    'a double',
    withWeights(kernel, bias, weight('model/out/kernel', 4, 3)),
    'weight-duplicated',
    /"out"/,
  ],
  [
    'a wrong shape',
    withWeights(weight('out/kernel', 3, 4), bias),
    'weight-shape-mismatch',
    /"out\/kernel".*\[3, 4\].*\[4, 3\]/,
  ],
  [
    'int32 weights',
    withWeights({ ...kernel, dtype: 'int32' }, bias),
    'weights-dtype-not-supported',
    /"out\/kernel".*int32/,
  ],
  [
    'float16 weights',
    withWeights({ ...kernel, dtype: 'float16' }, bias),
    'weights-dtype-not-supported',
    /"float16"/,
  ],
  [
    'quantized weights',
    withWeights({ ...kernel, quantization: { dtype: 'uint8', scale: 1, min: 0 } }, bias),
    'weights-quantized',
    /"out\/kernel".*--quantize_/,
  ],
  [
    'a negative size',
    withWeights(weight('out/kernel', -4, 3), bias),
    'weights-manifest-not-valid',
    /"out\/kernel"/,
  ],
  [
    'a huge size',
    withWeights(weight('out/kernel', 1e8, 1e8), bias),
    'weights-manifest-not-valid',
    /"out\/kernel"/,
  ],
  [
    'a path out of the folder',
    { ...onVector(), weightsManifest: [{ paths: ['../w.bin'], weights: OUT }] },
    'weights-path-not-allowed',
    /"\.\.\/w\.bin"/,
  ],
  [
    'an absolute path',
    { ...onVector(), weightsManifest: [{ paths: ['/etc/passwd'], weights: OUT }] },
    'weights-path-not-allowed',
    /passwd/,
  ],
  [
    'an address',
    { ...onVector(), weightsManifest: [{ paths: ['https://x/w'], weights: OUT }] },
    'weights-path-not-allowed',
    /addresses/,
  ],
  [
    'a file named twice',
    { ...onVector(), weightsManifest: [{ paths: ['w', './w'], weights: OUT }] },
    'weights-manifest-not-valid',
    /twice/,
  ],
])('%s is refused with the place and the way out', (_, modelJson, code, message) => {
  const error = refusal(modelJson)
  expect(error.code).toBe(code)
  expect(error.message).toMatch(message)
})

const functional = (layers: unknown[], ends: Json = {}) => ({
  ...onVector(),
  modelTopology: {
    class_name: 'Functional',
    config: {
      name: 'm',
      layers,
      input_layers: [['in', 0, 0]],
      output_layers: [['out', 0, 0]],
      ...ends,
    },
  },
})
const called = (what: Json, ...from: unknown[][]) => ({ ...what, inbound_nodes: [from] })
const a = (name: string) => layer('Activation', { name, activation: 'relu' })

test.each<[string, unknown, RegExp]>([
  [
    'branches of two shapes that are added',
    functional([
      input([null, 4]),
      called(layer('Dense', { name: 'one', units: 3 }), ['in', 0, 0, {}]),
      called(layer('Add', { name: 'sum' }), ['one', 0, 0, {}], ['in', 0, 0, {}]),
      called(out(), ['sum', 0, 0, {}]),
    ]),
    /layer "sum" \("Add"\).*one shape but reads \[3\], \[4\]/,
  ],
  [
    'a sum of one layer',
    functional([
      input([null, 4]),
      called(layer('Add', { name: 'sum' }), ['in', 0, 0, {}]),
      called(out(), ['sum', 0, 0, {}]),
    ]),
    /layer "sum".*two or more/,
  ],
  [
    'a dense layer of two inputs',
    functional([input([null, 4]), called(out(), ['in', 0, 0, {}], ['in', 0, 0, {}])]),
    /layer "out".*reads one layer, not 2/,
  ],
  [
    'branches put together along another axis than the last',
    functional([
      input([null, 4]),
      called(layer('Concatenate', { name: 'sum', axis: 0 }), ['in', 0, 0, {}], ['in', 0, 0, {}]),
      called(out(), ['sum', 0, 0, {}]),
    ]),
    /layer "sum".*axis is 0/,
  ],
  [
    'a layer that nobody made',
    functional([input([null, 4]), called(out(), ['ghost', 0, 0, {}])]),
    /no layer is called "ghost"/,
  ],
  [
    'a layer after the output',
    functional([
      input([null, 4]),
      called(out(), ['in', 0, 0, {}]),
      called(a('more'), ['out', 0, 0, {}]),
    ]),
    /layer "more".*not on the way/,
  ],
  [
    'a softmax between branches',
    functional([
      input([null, 4]),
      called(layer('Softmax', { name: 'soft' }), ['in', 0, 0, {}]),
      called(layer('Add', { name: 'sum' }), ['soft', 0, 0, {}], ['in', 0, 0, {}]),
      called(out(), ['sum', 0, 0, {}]),
    ]),
    /layer "soft".*very end/,
  ],
  [
    'a layer that leads nowhere',
    functional([
      input([null, 4]),
      called(a('side'), ['in', 0, 0, {}]),
      called(out(), ['in', 0, 0, {}]),
    ]),
    /layer "side"/,
  ],
  [
    'a layer that is called twice',
    functional([
      input([null, 4]),
      { ...out(), inbound_nodes: [[['in', 0, 0, {}]], [['in', 0, 0, {}]]] },
    ]),
    /layer "out".*shared/,
  ],
  [
    'two inputs',
    functional([], {
      input_layers: [
        ['in', 0, 0],
        ['in2', 0, 0],
      ],
      layers: [input([null, 4])],
    }),
    /input_layers/,
  ],
  [
    'dropout that stays on',
    functional([input([null, 4]), called(out(), ['in', 0, 0, { training: true }])]),
    /layer "out"/,
  ],
  [
    'a circle',
    functional([
      input([null, 4]),
      called(a('one'), ['out', 0, 0, {}]),
      called(out(), ['one', 0, 0, {}]),
    ]),
    /its own input/,
  ],
])('a functional model with %s is refused', (_, modelJson, message) => {
  expect(refusal(modelJson).message).toMatch(message)
})

test('a layer called like the rows gets another name', () => {
  const { network } = readLayersModel(
    functional([
      input([null, 4]),
      called(a('input'), ['in', 0, 0, {}]),
      called(layer('Add', { name: 'sum' }), ['input', 0, 0, {}], ['in', 0, 0, {}]),
      called(out(), ['sum', 0, 0, {}]),
    ]),
  )
  expect(network.layers.map(({ name, inputs }) => [name, inputs])).toEqual([
    ['input_2', ['input']],
    ['sum', ['input_2', 'input']],
    ['out', ['sum']],
  ])
})

test('a chain is read in the order of the data, whatever the order of the list', () => {
  const { network } = readLayersModel(
    functional([
      called(out(), ['one', 0, 0, {}]),
      called(a('one'), ['in', 0, 0, {}]),
      input([null, 4]),
    ]),
  )
  expect(network.layers.map((placed) => placed.name)).toEqual(['one', 'out'])
})

test('layer names that this service cannot have get others, and stay apart', () => {
  const dense = (name: string) => layer('Dense', { name, units: 4 })
  const names = ['a b', 'a-b', '__proto__', 'constructor', '9', 'x'.repeat(100), 'x'.repeat(101)]
  const { network } = readLayersModel(
    modelOf(
      [input([null, 4]), ...names.map(dense), out()],
      [
        ...names.flatMap((name) => [weight(`${name}/kernel`, 4, 4), weight(`${name}/bias`, 4)]),
        ...OUT,
      ],
    ),
  )
  const given = network.layers.map((placed) => placed.name)
  expect(new Set(given).size).toBe(names.length + 1)
  for (const name of given) expect(name).toMatch(/^[A-Za-z][A-Za-z0-9_]{0,63}$/)
})

/** Every place in a JSON document. */
function places(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  const here = [path]
  if (typeof value === 'object' && value !== null)
    for (const [key, inner] of Object.entries(value))
      here.push(...places(inner, [...path, Array.isArray(value) ? Number(key) : key]))
  return here
}

function put(value: unknown, path: readonly (string | number)[], put_: unknown): unknown {
  const [key, ...rest] = path
  if (key === undefined) return put_
  const copy = (Array.isArray(value) ? [...value] : { ...(value as Json) }) as Json
  copy[key] = put(copy[key], rest, put_)
  return copy
}

const SEEDS = [
  onVector(layer('Dropout', { rate: 0.5 })),
  modelOf(
    [
      input(IMAGE),
      conv({ name: 'c' }),
      layer('BatchNormalization', { name: 'n', axis: -1 }),
      layer('MaxPooling2D', { name: 'p', pool_size: [2, 2], strides: [2, 2] }),
      layer('Flatten', { name: 'f' }),
      out({ activation: 'softmax' }),
    ],
    [weight('c/kernel', 3, 3, 2, 2), weight('out/kernel', 18, 3), weight('out/bias', 3)],
  ),
  functional([
    input([null, 4]),
    called(a('one'), ['in', 0, 0, {}]),
    called(out(), ['one', 0, 0, {}]),
  ]),
  modelOf(
    [
      input([null, 4]),
      layer('Embedding', { name: 'e', input_dim: 9, output_dim: 2 }),
      layer('ZeroPadding1D', { name: 'z', padding: [1, 1] }),
      layer('Conv1D', { name: 'c', filters: 2, kernel_size: [3], strides: [1] }),
      layer('MaxPooling1D', { name: 'p', pool_size: [2] }),
      layer('Reshape', { name: 'r', target_shape: [-1] }),
      layer('Rescaling', { name: 's', scale: 2, offset: 0 }),
      out({ name: 'out' }),
    ],
    [
      weight('e/embeddings', 9, 2),
      weight('c/kernel', 3, 2, 2),
      weight('c/bias', 2),
      weight('out/kernel', 4, 3),
      weight('out/bias', 3),
    ],
  ),
].map((seed) => ({ seed, places: places(seed) }))

const nasty = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(
    ...[null, -1, 0, 1e308, -0, 2 ** 53, 1.5, '', '__proto__', 'constructor', [], {}, [[]], [null]],
    JSON.parse('{"__proto__":{"name":"x"},"constructor":1,"toString":null}'),
    JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`),
    JSON.parse(`${'{"config":'.repeat(20_000)}1${'}'.repeat(20_000)}`),
    Array.from({ length: 5000 }, () => 7),
    'x'.repeat(100_000),
  ),
)

test('JSON that was tampered with anywhere gives a ModelError or a model, never another error', () => {
  let refused = 0
  fc.assert(
    fc.property(
      fc.constantFrom(...SEEDS),
      fc.array(fc.tuple(fc.nat(), nasty), { minLength: 1, maxLength: 3 }),
      ({ seed, places: all }, changes) => {
        let model: unknown = seed
        for (const [at, value] of changes) {
          const path = all[at % all.length] ?? []
          try {
            model = put(model, path, value)
          } catch {
            // An earlier change took the place away.
          }
        }
        try {
          const { network } = readLayersModel(model)
          expect(network.layers.length).toBeGreaterThan(0)
        } catch (error) {
          if (!(error instanceof ModelError)) throw error
          refused++
          expect(error.code).toMatch(/^[a-z0-9-]+$/)
          expect(error.message.length).toBeLessThan(3000)
        }
        // Without weights it is an architecture, whose reader answers whatever it is given.
        const topology = (model as { modelTopology?: unknown } | null)?.modelTopology
        const reading = readKerasArchitecture(topology, [4])
        for (const { pointer } of 'issues' in reading ? reading.issues : [])
          expect(pointer).toMatch(/^(\/[a-z_0-9]+)*$/)
      },
    ),
    { numRuns: 5000 },
  )
  expect(refused).toBeGreaterThan(2500)
})

test('anything at all instead of a model gives a ModelError', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(refusal(value)).toBeInstanceOf(ModelError)
    }),
    { numRuns: 2000 },
  )
})

test('options that are left out mean what they mean in Keras', () => {
  const { network } = readLayersModel(
    modelOf(
      [
        input([null, 12, 12, 1]),
        layer('Conv2D', { name: 'c', filters: 2, kernel_size: 3 }),
        layer('MaxPooling2D', { name: 'p', pool_size: [3, 2], strides: null }),
        layer('AveragePooling2D', { name: 'q' }),
        layer('BatchNormalization', { name: 'n', axis: [3] }),
        layer('Flatten', { name: 'f' }),
        layer('Dense', {
          name: 'out',
          units: 3,
          activation: { class_name: 'function', config: 'tanh' },
        }),
      ],
      [
        weight('c/kernel:0', 3, 3, 1, 2),
        weight('c/bias:0', 2),
        ...['gamma', 'beta', 'moving_mean', 'moving_variance'].map((kind) =>
          weight(`n/${kind}`, 2),
        ),
        weight('out/kernel', 4, 3),
        weight('out/bias', 3),
      ],
    ),
  )
  expect(network.layers.map((placed) => placed.layer)).toEqual([
    {
      type: 'conv2d',
      filters: 2,
      kernelSize: [3, 3],
      strides: [1, 1],
      padding: 'valid',
      activation: 'linear',
      useBias: true,
    },
    { type: 'maxPooling2d', poolSize: [3, 2], strides: [3, 2], padding: 'valid' },
    { type: 'averagePooling2d', poolSize: [2, 2], strides: [2, 2], padding: 'valid' },
    { type: 'batchNormalization', momentum: 0.99, epsilon: 0.001 },
    { type: 'flatten' },
    { type: 'dense', units: 3, activation: 'tanh', useBias: true },
  ])
})
