/**
 * The layers a network may consist of, with Keras' names, meanings and defaults.
 * Tensors are channels-last: an image is `[height, width, channels]`, a vector `[features]`; the batch axis is implied.
 */
import { type Static, Type } from 'typebox'
import { discriminated, strict } from './schema.ts'

export const ACTIVATIONS = [
  'linear',
  'relu',
  'relu6',
  'leakyRelu',
  'elu',
  'gelu',
  'swish',
  'tanh',
  'sigmoid',
] as const
export const Activation = Type.Enum([...ACTIVATIONS], {
  description:
    'Elementwise function applied to the output of the layer. relu6: min(max(x, 0), 6). leakyRelu: x where x > 0, otherwise 0.2 x, as Keras 3 has it (PyTorch: 0.01); another slope takes an activation layer. gelu: x Φ(x) with the exact normal distribution function Φ, not the tanh approximation. swish: x sigmoid(x), also called SiLU.',
})
/** Slope of leakyRelu below 0, where none is given: Keras 3's `leaky_relu` (its LeakyReLU layer has 0.3, PyTorch 0.01). */
export const DEFAULT_NEGATIVE_SLOPE = 0.2
export type Activation = (typeof ACTIVATIONS)[number]

const Name = Type.Optional(
  Type.String({
    pattern: '^[A-Za-z][A-Za-z0-9_]{0,63}$',
    description: 'Unique in the network; made from the type and position when absent.',
  }),
)
const Pair = (description: string) =>
  Type.Union(
    [
      Type.Integer({ minimum: 1, maximum: 1024 }),
      Type.Array(Type.Integer({ minimum: 1, maximum: 1024 }), { minItems: 2, maxItems: 2 }),
    ],
    { description },
  )
const Padding = Type.Enum(['valid', 'same'], {
  default: 'valid',
  description: 'TensorFlow padding rule.',
})
const poolFields = {
  name: Name,
  poolSize: Type.Optional(Pair('Window `[height, width]`, in pixels; default 2.')),
  strides: Type.Optional(Pair('Default: the pool size.')),
  padding: Type.Optional(Padding),
}

export const Dense = Type.Object(
  {
    type: Type.Literal('dense'),
    name: Name,
    units: Type.Integer({ minimum: 1, maximum: 65536 }),
    activation: Type.Optional(Activation),
    useBias: Type.Optional(Type.Boolean({ default: true })),
  },
  { ...strict, title: 'dense' },
)
export const Conv2d = Type.Object(
  {
    type: Type.Literal('conv2d'),
    name: Name,
    filters: Type.Integer({ minimum: 1, maximum: 8192 }),
    kernelSize: Pair('Kernel `[height, width]`, in pixels.'),
    strides: Type.Optional(Pair('Default 1.')),
    padding: Type.Optional(Padding),
    activation: Type.Optional(Activation),
    useBias: Type.Optional(Type.Boolean({ default: true })),
  },
  { ...strict, title: 'conv2d' },
)
export const MaxPooling2d = Type.Object(
  { type: Type.Literal('maxPooling2d'), ...poolFields },
  { ...strict, title: 'maxPooling2d' },
)
export const AveragePooling2d = Type.Object(
  { type: Type.Literal('averagePooling2d'), ...poolFields },
  { ...strict, title: 'averagePooling2d', description: 'Padded pixels are not counted.' },
)
export const GlobalAveragePooling2d = Type.Object(
  { type: Type.Literal('globalAveragePooling2d'), name: Name },
  { ...strict, title: 'globalAveragePooling2d' },
)
export const Flatten = Type.Object(
  { type: Type.Literal('flatten'), name: Name },
  { ...strict, title: 'flatten', description: 'Row-major: channels vary fastest.' },
)
export const BatchNormalization = Type.Object(
  {
    type: Type.Literal('batchNormalization'),
    name: Name,
    momentum: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1,
        default: 0.99,
        description: 'Of the moving averages.',
      }),
    ),
    epsilon: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1, default: 0.001 })),
  },
  { ...strict, title: 'batchNormalization', description: 'Over the last axis.' },
)
export const Dropout = Type.Object(
  {
    type: Type.Literal('dropout'),
    name: Name,
    rate: Type.Number({
      minimum: 0,
      exclusiveMaximum: 1,
      description: 'Share of inputs set to 0.',
    }),
  },
  {
    ...strict,
    title: 'dropout',
    description: 'Inverted: kept inputs are scaled by 1 / (1 - rate).',
  },
)
export const ActivationLayer = Type.Object(
  {
    type: Type.Literal('activation'),
    name: Name,
    activation: Activation,
    negativeSlope: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1,
        default: DEFAULT_NEGATIVE_SLOPE,
        description: 'Of leakyRelu only: the slope below 0.',
      }),
    ),
  },
  { ...strict, title: 'activation' },
)

export const LAYERS = [
  Dense,
  Conv2d,
  MaxPooling2d,
  AveragePooling2d,
  GlobalAveragePooling2d,
  Flatten,
  BatchNormalization,
  Dropout,
  ActivationLayer,
] as const

export const LayerSpec = discriminated('type', LAYERS)
export type LayerSpec = Static<(typeof LAYERS)[number]>
export type LayerType = LayerSpec['type']
export const LAYER_TYPES = LAYERS.map(
  (layer) => layer.properties.type.const,
) as readonly LayerType[]
