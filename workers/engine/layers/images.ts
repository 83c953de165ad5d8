/** Layers on images `[batch, height, width, channels]`. */
import type { ImageLayer } from '../../../src/domain/network.ts'
import type { tf } from '../tensorflow.ts'
import { conv2d, depthwiseConv2d, separableConv2d } from './affine.ts'
import type { LayerWeights } from './layer-weights.ts'
import { globalAveragePooling2d, globalMaxPooling2d, pool2d } from './pooling.ts'
import { upSampling2d, zeroPadding2d } from './resizing.ts'

export function onImage(layer: ImageLayer, weights: LayerWeights, input: tf.Tensor): tf.Tensor {
  switch (layer.type) {
    case 'conv2d':
      return conv2d(layer, weights, input)
    case 'depthwiseConv2d':
      return depthwiseConv2d(layer, weights, input)
    case 'separableConv2d':
      return separableConv2d(layer, weights, input)
    case 'maxPooling2d':
    case 'averagePooling2d':
      return pool2d(layer, input)
    case 'globalAveragePooling2d':
      return globalAveragePooling2d(input)
    case 'globalMaxPooling2d':
      return globalMaxPooling2d(input)
    case 'zeroPadding2d':
      return zeroPadding2d(layer, input)
    case 'upSampling2d':
      return upSampling2d(layer, input)
  }
}
