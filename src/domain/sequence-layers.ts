/** Layers on sequences `[length, channels]`, with Keras' names, meanings and defaults. */
import { Type } from 'typebox'
import { Activation } from './activation.ts'
import { MAX_UPSAMPLING } from './image-layers.ts'
import { DepthMultiplier, Filters, layerFields, Padding, UseBias } from './layer-fields.ts'
import { strict } from './schema.ts'

const Steps = (description: string, maximum = 1024) =>
  Type.Integer({ minimum: 1, maximum, description })

const windowFields = {
  kernelSize: Steps('Length of the kernel, in steps.'),
  strides: Type.Optional(Steps('Default 1.')),
  padding: Type.Optional(Padding),
  activation: Type.Optional(Activation),
  useBias: UseBias,
}

export const Conv1d = Type.Object(
  { type: Type.Literal('conv1d'), ...layerFields, filters: Filters, ...windowFields },
  { ...strict, title: 'conv1d' },
)
export const DepthwiseConv1d = Type.Object(
  {
    type: Type.Literal('depthwiseConv1d'),
    ...layerFields,
    depthMultiplier: DepthMultiplier,
    ...windowFields,
  },
  {
    ...strict,
    title: 'depthwiseConv1d',
    description:
      'Convolves each channel by itself; output channel `c * depthMultiplier + m` is made from channel `c`.',
  },
)
export const SeparableConv1d = Type.Object(
  {
    type: Type.Literal('separableConv1d'),
    ...layerFields,
    filters: Filters,
    depthMultiplier: DepthMultiplier,
    ...windowFields,
  },
  {
    ...strict,
    title: 'separableConv1d',
    description:
      'A depthwise convolution, then a convolution of length 1 over its channels, without bias or activation in between.',
  },
)

const poolFields = {
  ...layerFields,
  poolSize: Type.Optional(Steps('Length of the window, in steps; default 2.')),
  strides: Type.Optional(Steps('Default: the pool size.')),
  padding: Type.Optional(Padding),
}
export const MaxPooling1d = Type.Object(
  { type: Type.Literal('maxPooling1d'), ...poolFields },
  { ...strict, title: 'maxPooling1d' },
)
export const AveragePooling1d = Type.Object(
  { type: Type.Literal('averagePooling1d'), ...poolFields },
  { ...strict, title: 'averagePooling1d', description: 'Padded steps are not counted.' },
)
export const GlobalAveragePooling1d = Type.Object(
  { type: Type.Literal('globalAveragePooling1d'), ...layerFields },
  { ...strict, title: 'globalAveragePooling1d' },
)
export const GlobalMaxPooling1d = Type.Object(
  { type: Type.Literal('globalMaxPooling1d'), ...layerFields },
  { ...strict, title: 'globalMaxPooling1d' },
)

const Zeros = Type.Integer({ minimum: 0, maximum: 1024 })
export const ZeroPadding1d = Type.Object(
  {
    type: Type.Literal('zeroPadding1d'),
    ...layerFields,
    padding: Type.Optional(
      Type.Union([Zeros, Type.Array(Zeros, { minItems: 2, maxItems: 2 })], {
        description: 'Steps of 0 on both ends, or `[before, after]`. Default 1.',
      }),
    ),
  },
  { ...strict, title: 'zeroPadding1d' },
)
export const UpSampling1d = Type.Object(
  {
    type: Type.Literal('upSampling1d'),
    ...layerFields,
    size: Type.Optional(Steps('How often steps are repeated; default 2.', MAX_UPSAMPLING)),
  },
  { ...strict, title: 'upSampling1d', description: 'Every step is repeated.' },
)
