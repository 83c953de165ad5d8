/** Convolutional networks without branches, for small images. */
import type { LayerSpec } from './layers.ts'

const normalized = (name: string): LayerSpec[] => [
  { type: 'batchNormalization', name: `${name}_bn`, momentum: 0.9 },
  { type: 'activation', name: `${name}_relu`, activation: 'relu' },
]

const ending = (classes: number): LayerSpec[] => [
  { type: 'globalAveragePooling2d', name: 'pool' },
  { type: 'dense', name: 'logits', units: classes },
]

/**
 * The VGG of eight layers that distillation is compared on (Tian et al. 2020, "Contrastive representation distillation"):
 * 3x3 convolutions with 64, 128, 256, 512 and 512 filters, bias and batch normalization, max pooling after the first three.
 */
export const vgg8 = (classes: number): LayerSpec[] => [
  ...[64, 128, 256, 512, 512].flatMap((filters, index): LayerSpec[] => {
    const name = `block${index + 1}`
    return [
      { type: 'conv2d', name: `${name}_conv`, filters, kernelSize: 3, padding: 'same' },
      ...normalized(name),
      ...(index < 3
        ? [{ type: 'maxPooling2d', name: `${name}_pool`, poolSize: 2, padding: 'same' } as const]
        : []),
    ]
  }),
  ...ending(classes),
]

/** Filters and stride of each block. */
const MOBILE_BLOCKS = [
  [32, 1],
  [64, 2],
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
] as const

/**
 * The form of MobileNet (Howard et al. 2017, table 1) cut down to images of 32x32: a 3x3 convolution with 16 filters, then
 * blocks of a depthwise 3x3 and a 1x1 convolution, each with batch normalization and relu.
 */
export const mobilenetTiny = (classes: number): LayerSpec[] => [
  {
    type: 'conv2d',
    name: 'stem_conv',
    filters: 16,
    kernelSize: 3,
    padding: 'same',
    useBias: false,
  },
  ...normalized('stem'),
  ...MOBILE_BLOCKS.flatMap(([filters, strides], index): LayerSpec[] => {
    const name = `block${index + 1}`
    return [
      {
        type: 'depthwiseConv2d',
        name: `${name}_depthwise`,
        kernelSize: 3,
        strides,
        padding: 'same',
        useBias: false,
      },
      ...normalized(`${name}_depthwise`),
      { type: 'conv2d', name: `${name}_pointwise`, filters, kernelSize: 1, useBias: false },
      ...normalized(`${name}_pointwise`),
    ]
  }),
  ...ending(classes),
]
