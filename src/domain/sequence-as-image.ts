/**
 * Every layer on a sequence `[length, channels]` is a layer on the image `[length, 1, channels]` with windows of width 1.
 * Shapes, arithmetic and export are written once, for images.
 */
import type { ImageLayer, SequenceLayer, Shape } from './network.ts'

/** A kernel of a sequence has no width: `[length, in, out]`. */
export const withWidth = (kernel: Shape): Shape => [kernel[0] ?? 1, 1, ...kernel.slice(1)]
export const withoutWidth = (kernel: Shape): Shape => [kernel[0] ?? 1, ...kernel.slice(2)]

/** The layer that does to `[length, 1, channels]` what `layer` does to `[length, channels]`. */
export function imageLayer(layer: SequenceLayer): ImageLayer {
  switch (layer.type) {
    case 'conv1d':
      return {
        ...layer,
        type: 'conv2d',
        kernelSize: [layer.kernelSize, 1],
        strides: [layer.strides, 1],
      }
    // TensorFlow convolves channel by channel with equal strides only; one pixel is one pixel whatever the stride.
    case 'depthwiseConv1d':
      return {
        ...layer,
        type: 'depthwiseConv2d',
        kernelSize: [layer.kernelSize, 1],
        strides: [layer.strides, layer.strides],
      }
    case 'separableConv1d':
      return {
        ...layer,
        type: 'separableConv2d',
        kernelSize: [layer.kernelSize, 1],
        strides: [layer.strides, layer.strides],
      }
    case 'maxPooling1d':
    case 'averagePooling1d':
      return {
        type: layer.type === 'maxPooling1d' ? 'maxPooling2d' : 'averagePooling2d',
        poolSize: [layer.poolSize, 1],
        strides: [layer.strides, 1],
        padding: layer.padding,
      }
    case 'globalAveragePooling1d':
      return { type: 'globalAveragePooling2d' }
    case 'globalMaxPooling1d':
      return { type: 'globalMaxPooling2d' }
    case 'zeroPadding1d':
      return { type: 'zeroPadding2d', padding: [layer.padding, [0, 0]] }
    case 'upSampling1d':
      return { type: 'upSampling2d', size: [layer.size, 1] }
  }
}
