/** Layers that move a kernel over an image `[height, width, channels]`. */
import { Type } from 'typebox'
import { Activation } from './activation.ts'
import { DepthMultiplier, Filters, layerFields, Padding, Pair, UseBias } from './layer-fields.ts'
import { strict } from './schema.ts'

const windowFields = {
  kernelSize: Pair('Kernel `[height, width]`, in pixels.'),
  strides: Type.Optional(Pair('Default 1.')),
  padding: Type.Optional(Padding),
  activation: Type.Optional(Activation),
  useBias: UseBias,
}
const equalStrides = Type.Optional(Pair('Default 1; the same for height and width.'))
export const Conv2d = Type.Object(
  { type: Type.Literal('conv2d'), ...layerFields, filters: Filters, ...windowFields },
  { ...strict, title: 'conv2d' },
)
export const DepthwiseConv2d = Type.Object(
  {
    type: Type.Literal('depthwiseConv2d'),
    ...layerFields,
    depthMultiplier: DepthMultiplier,
    ...windowFields,
    strides: equalStrides,
  },
  {
    ...strict,
    title: 'depthwiseConv2d',
    description:
      'Convolves each channel by itself; output channel `c * depthMultiplier + m` is made from channel `c`.',
  },
)
export const SeparableConv2d = Type.Object(
  {
    type: Type.Literal('separableConv2d'),
    ...layerFields,
    filters: Filters,
    depthMultiplier: DepthMultiplier,
    ...windowFields,
    strides: equalStrides,
  },
  {
    ...strict,
    title: 'separableConv2d',
    description:
      'A depthwise convolution, then a 1x1 convolution over its channels, without bias or activation in between.',
  },
)
