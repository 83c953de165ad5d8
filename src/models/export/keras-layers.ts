/** Layers in the words of Keras 2 and TensorFlow.js. */
import { DEFAULT_NEGATIVE_SLOPE } from '../../domain/activation.ts'
import type { Layer, PlacedLayer, SequenceLayer, Shape, WeightShape } from '../../domain/network.ts'
import { imageLayer, withWidth } from '../../domain/sequence-as-image.ts'

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
  embeddings: 'embeddings',
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

/** Those that TensorFlow.js lacks. */
const AS_IMAGES = ['depthwiseConv1d', 'separableConv1d', 'zeroPadding1d', 'upSampling1d'] as const
type ImageSequence = Extract<SequenceLayer, { type: (typeof AS_IMAGES)[number] }>

const isAsImage = (layer: Layer): layer is ImageSequence =>
  AS_IMAGES.some((type) => type === layer.type)

/** Of a weight in the file: TensorFlow.js has images of width 1 for some layers on sequences. */
export const kerasWeightShape = (layer: Layer, shape: Shape): Shape =>
  isAsImage(layer) && shape.length === 3 ? withWidth(shape) : shape

const reshape = (name: string, targetShape: Shape): KerasLayer => ({
  class_name: 'Reshape',
  config: { name, target_shape: targetShape },
})

function kerasLayer(name: string, layer: Exclude<Layer, ImageSequence>): KerasLayer {
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
    case 'conv1d':
      return {
        class_name: 'Conv1D',
        config: { ...images, filters: layer.filters, ...window(layer) },
      }
    case 'maxPooling1d':
    case 'averagePooling1d':
      return {
        class_name: layer.type === 'maxPooling1d' ? 'MaxPooling1D' : 'AveragePooling1D',
        config: {
          ...images,
          pool_size: layer.poolSize,
          strides: layer.strides,
          padding: layer.padding,
        },
      }
    case 'globalAveragePooling1d':
      return { class_name: 'GlobalAveragePooling1D', config: images }
    case 'globalMaxPooling1d':
      return { class_name: 'GlobalMaxPooling1D', config: images }
    case 'embedding':
      return {
        class_name: 'Embedding',
        config: {
          name,
          input_dim: layer.inputDim,
          output_dim: layer.outputDim,
          mask_zero: false,
        },
      }
    case 'reshape':
      return reshape(name, layer.targetShape)
    case 'rescaling':
      return { class_name: 'Rescaling', config: { name, scale: layer.scale, offset: layer.offset } }
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

/** On an image of width 1, with the weights of the layer under its name. */
function throughImage(
  name: string,
  layer: ImageSequence,
  [length = 1, channels = 1]: Shape,
  outputShape: Shape,
  taken: Set<string>,
): KerasLayer[] {
  const extra = (wish: string): string => {
    const free = freeName(wish, taken)
    taken.add(free)
    return free
  }
  const image = imageLayer(layer) as Exclude<Layer, ImageSequence>
  return [
    reshape(extra(`${name}_image`), [length, 1, channels]),
    ...withActivation(name, image, taken),
    reshape(extra(`${name}_sequence`), outputShape),
  ]
}

function withActivation(
  name: string,
  layer: Exclude<Layer, ImageSequence>,
  taken: Set<string>,
): KerasLayer[] {
  if (layer.type === 'activation' || !('activation' in layer) || layer.activation !== 'leakyRelu')
    return [kerasLayer(name, layer)]
  const second = freeName(`${name}_leakyRelu`, taken)
  taken.add(second)
  return [
    kerasLayer(name, { ...layer, activation: 'linear' }),
    leakyRelu(second, DEFAULT_NEGATIVE_SLOPE),
  ]
}

/**
 * A layer as TensorFlow.js has it. Where it has no name for the activation, that becomes a second layer; where it has
 * none for a layer on sequences, that becomes a layer on images between two that reshape.
 * @param input shape of the first layer that it reads
 * @param taken names of layers; those of additional layers are added
 */
export const kerasLayers = (
  { name, layer, outputShape }: PlacedLayer,
  input: Shape,
  taken: Set<string>,
): KerasLayer[] => {
  if (isAsImage(layer)) return throughImage(name, layer, input, outputShape, taken)
  // TensorFlow.js flattens no vector.
  if (layer.type === 'flatten' && input.length === 1) return [reshape(name, outputShape)]
  return withActivation(name, layer, taken)
}
