/** A network as the JSON of a Keras sequential model, which tfjs and Keras 2 load. */
import type { Layer, Network, WeightShape } from '../../../src/domain/network.ts'

/** `class_name` and `config` of one layer, in Keras' words. */
export interface KerasLayer {
  readonly class_name: string
  readonly config: Readonly<Record<string, unknown>>
}

/** What Keras calls our weights. */
export const KERAS_WEIGHT_NAMES: Record<WeightShape['name'], string> = {
  kernel: 'kernel',
  bias: 'bias',
  gamma: 'gamma',
  beta: 'beta',
  movingMean: 'moving_mean',
  movingVariance: 'moving_variance',
}

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
        config: {
          ...images,
          filters: layer.filters,
          kernel_size: layer.kernelSize,
          strides: layer.strides,
          padding: layer.padding,
          activation: layer.activation,
          use_bias: layer.useBias,
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
    case 'dropout':
      return { class_name: 'Dropout', config: { name, rate: layer.rate } }
    case 'activation':
      return { class_name: 'Activation', config: { name, activation: layer.activation } }
  }
}

/**
 * @param leading layers to put before those of the network
 * @returns the `modelTopology` of a tfjs layers model
 */
export function kerasTopology(
  network: Network,
  leading: readonly KerasLayer[],
): Record<string, unknown> {
  const layers = [
    ...leading,
    ...network.layers.map(({ name, layer }) => kerasLayer(name, layer)),
  ].map(({ class_name, config }, position) => {
    const input = position === 0 ? { batch_input_shape: [null, ...network.inputShape] } : {}
    return { class_name, config: { ...config, ...input, trainable: true, dtype: 'float32' } }
  })
  return {
    class_name: 'Sequential',
    config: { name: 'distillery', layers },
    keras_version: '2.15.0',
    backend: 'tensorflow',
  }
}
