import { expect, test } from 'vitest'
import { readKerasArchitecture } from '../../../src/models/keras-architecture.ts'

type Json = Record<string, unknown>

const layer = (className: string, config: Json = {}, more: Json = {}) => ({
  module: 'keras.layers',
  class_name: className,
  config: { name: className.toLowerCase(), ...config },
  registered_name: null,
  ...more,
})
const input = (...shape: (number | null)[]) =>
  layer('InputLayer', { batch_shape: [null, ...shape], name: 'rows' })
const out = (config: Json = {}) => layer('Dense', { name: 'out', units: 3, ...config })
const sequential = (...layers: unknown[]) => ({
  module: 'keras',
  class_name: 'Sequential',
  config: { name: 'sequential', layers },
  registered_name: null,
})
const tensor = (from: string) => ({
  class_name: '__keras_tensor__',
  config: { keras_history: [from, 0, 0] },
})
const called = (given: ReturnType<typeof layer>, ...from: string[]) => ({
  ...given,
  name: given.config.name,
  inbound_nodes: from.map((name) => ({ args: [tensor(name)], kwargs: {} })),
})
const functional = (layers: unknown[], ends: Json = {}) => ({
  class_name: 'Functional',
  config: {
    name: 'functional',
    layers,
    input_layers: [['rows', 0, 0]],
    output_layers: [['out', 0, 0]],
    ...ends,
  },
})
const policy = (name: string) => ({
  module: 'keras',
  class_name: 'DTypePolicy',
  config: { name },
  registered_name: null,
})

const read = (document: unknown, rows: number[] = [4]) => readKerasArchitecture(document, rows)
const issueOf = (document: unknown, rows?: number[]) => {
  const reading = read(document, rows)
  return 'issues' in reading ? reading.issues[0] : undefined
}
const networkOf = (document: unknown, rows?: number[]) => {
  const reading = read(document, rows)
  if ('issues' in reading) throw new Error(JSON.stringify(reading.issues))
  return reading.network
}

test('the model that the refusals vary is itself accepted', () => {
  expect(issueOf(sequential(input(4), out({ dtype: policy('float32') })))).toBeUndefined()
  const rows = { ...input(4), name: 'rows', inbound_nodes: [] }
  expect(issueOf(functional([rows, called(out(), 'rows')]))).toBeUndefined()
})

test.each<[string, unknown, string, RegExp]>([
  [
    'a Lambda',
    sequential(input(12), layer('Lambda', { function: ['4wEAAAA', null, null] }), out()),
    '/config/layers/1/class_name',
    /program code, which is never run/,
  ],
  [
    'a registered custom object',
    sequential(input(12), layer('Mine', {}, { registered_name: 'package>Mine' }), out()),
    '/config/layers/1/registered_name',
    /custom object \("package>Mine"\)/,
  ],
  [
    'a class of another module',
    sequential(input(12), layer('Mine', {}, { module: 'my_layers' }), out()),
    '/config/layers/1/module',
    /custom object \("my_layers"\)/,
  ],
  [
    'a class of the client’s own that is called as one of Keras',
    sequential(
      input(12),
      layer('Dense', { units: 4 }, { module: null, registered_name: 'Dense' }),
      out(),
    ),
    '/config/layers/1/registered_name',
    /custom object \("Dense"\)/,
  ],
  [
    'an operation of TensorFlow',
    functional([
      { ...input(12), name: 'rows', inbound_nodes: [] },
      called(layer('Dense', { name: 'left', units: 3 }), 'rows'),
      {
        ...layer('TFOpLambda', { name: 'out' }, { module: 'tf_keras.src.layers.core' }),
        name: 'out',
        inbound_nodes: [['rows', 0, 0, { y: ['left', 0, 0], name: null }]],
      },
    ]),
    '/config/layers/2/class_name',
    /such as \+ or a function of TensorFlow; use a layer instead, such as keras\.layers\.Add/,
  ],
  [
    'an unknown layer',
    sequential(input(12), layer('LSTM', { units: 4 }), out()),
    '/config/layers/1/class_name',
    /Accepted are InputLayer, Dense, Conv2D/,
  ],
  [
    'a model in the model',
    sequential(input(12), layer('Sequential', { layers: [] }), out()),
    '/config/layers/1/class_name',
    /build one flat model/,
  ],
  [
    'a Normalization',
    sequential(input(12), layer('Normalization', { axis: [-1] }), out()),
    '/config/layers/1/class_name',
    /preprocessing\.normalization/,
  ],
  [
    'an activation that is not known',
    sequential(input(12), out({ activation: 'mish' })),
    '/config/layers/1/config/activation',
    /accepted are linear, relu/,
  ],
  [
    'a causal convolution',
    sequential(
      input(12, 1),
      layer('Conv1D', { filters: 2, kernel_size: [3], padding: 'causal' }),
      layer('Flatten'),
      out(),
    ),
    '/config/layers/1/config/padding',
    /accepted is "valid", "same"/,
  ],
  [
    'a kernel of two sides on a sequence',
    sequential(input(12, 1), layer('Conv1D', { filters: 2, kernel_size: [3, 3] }), out()),
    '/config/layers/1/config/kernel_size',
    /whole number from 1 to 1024/,
  ],
  [
    'a masking embedding',
    sequential(input(12), layer('Embedding', { input_dim: 9, output_dim: 2, mask_zero: true })),
    '/config/layers/1/config/mask_zero',
    /accepted is false/,
  ],
  [
    'an embedding of computed numbers',
    sequential(
      input(12),
      layer('Dense', { units: 4 }),
      layer('Embedding', { input_dim: 9, output_dim: 2 }),
    ),
    '/config/layers/2/config',
    /rows themselves/,
  ],
  [
    'a scale for each channel',
    sequential(input(12), layer('Rescaling', { scale: [1, 2] }), out()),
    '/config/layers/1/config/scale',
    /one number for all channels/,
  ],
  [
    'a shape that the numbers do not fill',
    sequential(input(12), layer('Reshape', { target_shape: [5, -1] }), layer('Flatten'), out()),
    '/config/layers/1/config',
    /12 numbers of \[12\] do not fill the shape \[5, -1\]/,
  ],
  [
    'a regularizer',
    sequential(input(12), out({ kernel_regularizer: { class_name: 'L2', config: { l2: 0.01 } } })),
    '/config/layers/1/config/kernel_regularizer',
    /accepted is null; training\.optimizer\.weightDecay/,
  ],
  [
    'a constraint',
    sequential(input(12), out({ kernel_constraint: { class_name: 'MaxNorm', config: {} } })),
    '/config/layers/1/config/kernel_constraint',
    /accepted is null/,
  ],
  [
    'half precision',
    sequential(input(12), out({ dtype: policy('mixed_float16') })),
    '/config/layers/1/config/dtype',
    /"float32"/,
  ],
  [
    'a frozen layer',
    sequential(input(12), out({ trainable: false })),
    '/config/layers/1/config/trainable',
    /accepted is true/,
  ],
  [
    'a normalization that does not scale',
    sequential(input(12), layer('BatchNormalization', { scale: false }), out()),
    '/config/layers/1/config/scale',
    /accepted is true/,
  ],
  [
    'a shared layer',
    functional([
      { ...input(12), name: 'rows', inbound_nodes: [] },
      called(layer('Dense', { name: 'twice', units: 12 }), 'rows', 'rows'),
      called(out(), 'twice'),
    ]),
    '/config/layers/1/inbound_nodes',
    /is shared/,
  ],
  [
    'two inputs',
    functional([{ ...input(12), name: 'rows' }, called(out(), 'rows')], {
      input_layers: [
        ['rows', 0, 0],
        ['more', 0, 0],
      ],
    }),
    '/config/input_layers',
    /exactly one input and one output/,
  ],
  [
    'two outputs',
    functional([{ ...input(12), name: 'rows' }, called(out(), 'rows')], {
      output_layers: [
        ['out', 0, 0],
        ['rows', 0, 0],
      ],
    }),
    '/config/output_layers',
    /exactly one input and one output/,
  ],
  [
    'a softmax in the middle',
    sequential(input(12), layer('Dense', { units: 4, activation: 'softmax' }), out()),
    '/config/layers/1/config',
    /only at the very end/,
  ],
  [
    'rows of another size',
    sequential(input(13), out()),
    '/config/layers/0/config/batch_shape',
    /takes 13 numbers a row, \[13\], but the rows are \[12\]/,
  ],
  [
    'two layers of one name',
    sequential(input(12), out(), out()),
    '/config/layers/2',
    /two layers are called "out"/,
  ],
  ['another kind of model', { class_name: 'Mine', config: {} }, '/class_name', /Sequential/],
  ['no layers', sequential(), '/config', /no list of layers/],
  ['a layer that is text', sequential(input(12), 'Dense'), '/config/layers/1', /not an object/],
  ['a list', [], '', /a list of 0|not an object/],
  ['text that is no JSON', '{"class_name":', '', /not JSON/],
])('%s is refused at its place', (_, document, pointer, message) => {
  const issue = issueOf(document, [12])
  expect(issue?.pointer).toBe(pointer)
  expect(issue?.message).toMatch(message)
})

test('a sum that was written as an operator of Keras 3 is an add layer', () => {
  const sum = {
    ...layer('Add', { name: 'sum' }, { module: 'keras.src.ops.numpy', registered_name: 'Add' }),
    name: 'sum',
    inbound_nodes: [{ args: [tensor('rows'), tensor('left')], kwargs: {} }],
  }
  const document = functional([
    { ...input(12), name: 'rows', inbound_nodes: [] },
    called(layer('Dense', { name: 'left', units: 12 }), 'rows'),
    sum,
    called(out(), 'sum'),
  ])
  expect(networkOf(document, [12]).layers[1]).toMatchObject({
    layer: { type: 'add' },
    inputs: ['input', 'left'],
  })
  const number = { ...sum, inbound_nodes: [{ args: [tensor('left'), 1], kwargs: {} }] }
  const layers = document.config.layers.with(2, number)
  expect(issueOf(functional(layers), [12])?.pointer).toBe('/config/layers/2/inbound_nodes')
})

test('in a document that came as text the place is in the message', () => {
  const text = JSON.stringify(sequential(input(4), layer('Lambda'), out()))
  expect(issueOf(text)).toMatchObject({
    pointer: '',
    message: expect.stringMatching(/^\/config\/layers\/1\/class_name: layer "lambda"/),
  })
})

test('the input takes the shape of the rows where Keras leaves it open', () => {
  const dense = sequential(out())
  expect(networkOf(dense, [7]).inputShape).toEqual([7])
  const image = sequential(input(null, null, 2), layer('GlobalAveragePooling2D'), out())
  expect(networkOf(image, [5, 6, 2])).toMatchObject({
    inputShape: [5, 6, 2],
    layers: [{ outputShape: [2] }, { outputShape: [3] }],
  })
  expect(issueOf(image, [5, 6, 3])).toMatchObject({
    pointer: '/config/layers/0/config/batch_shape',
  })
})

test('rows as numerous as the input are reshaped, unless they are flattened anyway', () => {
  const steps = sequential(
    input(32, 2),
    layer('Conv1D', { filters: 2, kernel_size: 3 }),
    layer('GlobalMaxPooling1D'),
    out(),
  )
  expect(networkOf(steps, [8, 8, 1]).layers[0]).toMatchObject({
    name: 'reshape_rows',
    layer: { type: 'reshape', targetShape: [32, 2] },
  })
  const grey = sequential(input(8, 8), layer('Flatten'), out())
  expect(networkOf(grey, [8, 8, 1]).layers.map(({ name }) => name)).toEqual(['flatten', 'out'])
  // Tokens may be reshaped: they stay what they are.
  const tokens = sequential(
    input(64),
    layer('Embedding', { input_dim: 17, output_dim: 4 }),
    layer('GlobalAveragePooling1D'),
    out(),
  )
  expect(networkOf(tokens, [8, 8, 1]).layers.map(({ layer: { type } }) => type)).toEqual([
    'reshape',
    'embedding',
    'globalAveragePooling1d',
    'dense',
  ])
})
