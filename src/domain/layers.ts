/**
 * The layers a network may consist of, with Keras' names, meanings and defaults.
 * Tensors are channels-last: an image is `[height, width, channels]`, a sequence `[length, channels]`, a vector
 * `[features]`; the batch axis is implied.
 */
import { type Static, Type } from 'typebox'
import { Activation, DEFAULT_NEGATIVE_SLOPE } from './activation.ts'
import { Conv2d, DepthwiseConv2d, SeparableConv2d } from './convolution-layers.ts'
import {
  AveragePooling2d,
  GlobalAveragePooling2d,
  GlobalMaxPooling2d,
  MaxPooling2d,
  UpSampling2d,
  ZeroPadding2d,
} from './image-layers.ts'
import { Embedding, Rescaling, Reshape } from './input-layers.ts'
import { layerFields, UseBias } from './layer-fields.ts'
import { discriminated, strict } from './schema.ts'
import {
  AveragePooling1d,
  Conv1d,
  DepthwiseConv1d,
  GlobalAveragePooling1d,
  GlobalMaxPooling1d,
  MaxPooling1d,
  SeparableConv1d,
  UpSampling1d,
  ZeroPadding1d,
} from './sequence-layers.ts'

const Dense = Type.Object(
  {
    type: Type.Literal('dense'),
    ...layerFields,
    units: Type.Integer({ minimum: 1, maximum: 65536 }),
    activation: Type.Optional(Activation),
    useBias: UseBias,
  },
  { ...strict, title: 'dense' },
)
const Flatten = Type.Object(
  { type: Type.Literal('flatten'), ...layerFields },
  { ...strict, title: 'flatten', description: 'Row-major: channels vary fastest.' },
)
const BatchNormalization = Type.Object(
  {
    type: Type.Literal('batchNormalization'),
    ...layerFields,
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
const LayerNormalization = Type.Object(
  {
    type: Type.Literal('layerNormalization'),
    ...layerFields,
    epsilon: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1, default: 0.001 })),
  },
  {
    ...strict,
    title: 'layerNormalization',
    description: 'Over the last axis: of an image, each pixel by itself.',
  },
)
const Dropout = Type.Object(
  {
    type: Type.Literal('dropout'),
    ...layerFields,
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
const ActivationLayer = Type.Object(
  {
    type: Type.Literal('activation'),
    ...layerFields,
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

const Add = Type.Object(
  { type: Type.Literal('add'), ...layerFields },
  { ...strict, title: 'add', description: 'Sum of two or more `inputs` of one shape.' },
)
const Concatenate = Type.Object(
  { type: Type.Literal('concatenate'), ...layerFields },
  {
    ...strict,
    title: 'concatenate',
    description:
      'Puts two or more `inputs` together along the last axis; the other axes must be equal.',
  },
)

export const LAYERS = [
  Dense,
  Conv2d,
  DepthwiseConv2d,
  SeparableConv2d,
  MaxPooling2d,
  AveragePooling2d,
  GlobalAveragePooling2d,
  GlobalMaxPooling2d,
  ZeroPadding2d,
  UpSampling2d,
  Conv1d,
  DepthwiseConv1d,
  SeparableConv1d,
  MaxPooling1d,
  AveragePooling1d,
  GlobalAveragePooling1d,
  GlobalMaxPooling1d,
  ZeroPadding1d,
  UpSampling1d,
  Embedding,
  Reshape,
  Rescaling,
  Flatten,
  BatchNormalization,
  LayerNormalization,
  Dropout,
  ActivationLayer,
  Add,
  Concatenate,
] as const

export const LayerSpec = discriminated('type', LAYERS)
export type LayerSpec = Static<(typeof LAYERS)[number]>
export type LayerType = LayerSpec['type']
export const LAYER_TYPES = LAYERS.map(
  (layer) => layer.properties.type.const,
) as readonly LayerType[]
