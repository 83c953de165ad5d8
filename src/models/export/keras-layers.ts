/** Layers in the words of Keras 2 and TensorFlow.js. */
import { DEFAULT_NEGATIVE_SLOPE } from '../../domain/activation.ts'
import type { Layer, WeightShape } from '../../domain/network.ts'

/** `class_name` and `config` of one layer, in Keras' words. */
export interface KerasLayer {
  readonly class_name: string
  readonly config: Readonly<Record<string, unknown>>
}

/** What Keras calls our weights. */
export const KERAS_WEIGHT_NAMES: Record<WeightShape['name'], string> = {
  kernel: 'kernel',
  depthwiseKernel: 'depthwise_kernel',
  pointwiseKernel: 'pointwise_kernel',
  bias: 'bias',
  gamma: 'gamma',
  beta: 'beta',
  movingMean: 'moving_mean',
  movingVariance: 'moving_variance',
}

/** The wish, with as many underscores as it takes to differ from every taken name. */
export const freeName = (wish: string, taken: ReadonlySet<string>): string =>
  taken.has(wish) ? freeName(`${wish}_`, taken) : wish

const leakyRelu = (name: string, negativeSlope: number): KerasLayer => ({
  class_name: 'LeakyReLU',
  config: { name, alpha: negativeSlope },
})

const window = (layer: Extract<Layer, { kernelSize: unknown }>) => ({
  kernel_size: layer.kernelSize,
  strides: layer.strides,
  padding: layer.padding,
  activation: layer.activation,
  use_bias: layer.useBias,
})

function kerasLayer(name: string, layer: Layer): KerasLayer {
  const images = { name, data_format: 'channels_last' }
  switch (layer.type) {
    case 'dense':
      return {
        class_name: 'Dense',
        config: {
          name,
          units: layer.units,
          activation: layer.activation,
          use_bias: layer.useBias,
        },
      }
    case 'conv2d':
      return {
        class_name: 'Conv2D',
        config: { ...images, filters: layer.filters, ...window(layer) },
      }
    case 'depthwiseConv2d':
      return {
        class_name: 'DepthwiseConv2D',
        config: { ...images, depth_multiplier: layer.depthMultiplier, ...window(layer) },
      }
    case 'separableConv2d':
      return {
        class_name: 'SeparableConv2D',
        config: {
          ...images,
          filters: layer.filters,
          depth_multiplier: layer.depthMultiplier,
          ...window(layer),
        },
      }
    case 'maxPooling2d':
    case 'averagePooling2d':
      return {
        class_name: layer.type === 'maxPooling2d' ? 'MaxPooling2D' : 'AveragePooling2D',
        config: {
          ...images,
          pool_size: layer.poolSize,
          strides: layer.strides,
          padding: layer.padding,
        },
      }
    case 'globalAveragePooling2d':
      return { class_name: 'GlobalAveragePooling2D', config: images }
    case 'globalMaxPooling2d':
      return { class_name: 'GlobalMaxPooling2D', config: images }
    case 'zeroPadding2d':
      return { class_name: 'ZeroPadding2D', config: { ...images, padding: layer.padding } }
    case 'upSampling2d':
      return {
        class_name: 'UpSampling2D',
        config: { ...images, size: layer.size, interpolation: 'nearest' },
      }
    case 'flatten':
      return { class_name: 'Flatten', config: images }
    case 'batchNormalization':
      return {
        class_name: 'BatchNormalization',
        config: {
          name,
          axis: -1,
          momentum: layer.momentum,
          epsilon: layer.epsilon,
          center: true,
          scale: true,
        },
      }
    case 'layerNormalization':
      return {
        class_name: 'LayerNormalization',
        config: { name, axis: -1, epsilon: layer.epsilon, center: true, scale: true },
      }
    case 'dropout':
      return { class_name: 'Dropout', config: { name, rate: layer.rate } }
    case 'add':
      return { class_name: 'Add', config: { name } }
    case 'concatenate':
      return { class_name: 'Concatenate', config: { name, axis: -1 } }
    case 'activation':
      return layer.activation === 'leakyRelu'
        ? leakyRelu(name, layer.negativeSlope)
        : { class_name: 'Activation', config: { name, activation: layer.activation } }
  }
}

/**
 * A layer, and where TensorFlow.js has no name for its activation, that activation as a second layer.
 * @param taken names of layers; the name of the second layer is added
 */
export function kerasLayers(name: string, layer: Layer, taken: Set<string>): KerasLayer[] {
  if (layer.type === 'activation' || !('activation' in layer) || layer.activation !== 'leakyRelu')
    return [kerasLayer(name, layer)]
  const second = freeName(`${name}_leakyRelu`, taken)
  taken.add(second)
  return [
    kerasLayer(name, { ...layer, activation: 'linear' }),
    leakyRelu(second, DEFAULT_NEGATIVE_SLOPE),
  ]
}
