/** Output shape and weights of one layer on the shapes it reads, without TensorFlow. */
import { image, windows } from './image-shapes.ts'
import { LayerMisfit } from './layer-misfit.ts'
import {
  elements,
  type ImageLayer,
  type Layer,
  type SequenceLayer,
  type Shape,
  showShape,
  type WeightShape,
} from './network.ts'
import { imageLayer, withoutWidth } from './sequence-as-image.ts'

interface Placement {
  readonly outputShape: Shape
  readonly weights: readonly WeightShape[]
}

const weight = (name: WeightShape['name'], shape: Shape, trainable = true): WeightShape => ({
  name,
  shape,
  trainable,
})

const bias = (useBias: boolean, units: number): WeightShape[] =>
  useBias ? [weight('bias', [units])] : []

type Convolution = Extract<ImageLayer, { kernelSize: unknown }>

function placeConvolution(layer: Convolution, input: Shape): Placement {
  const picture = image(input, layer.type)
  const channels = picture[2]
  const pixels = windows(picture, layer.kernelSize, layer, 'kernelSize')
  if (layer.type === 'conv2d')
    return {
      outputShape: [...pixels, layer.filters],
      weights: [
        weight('kernel', [...layer.kernelSize, channels, layer.filters]),
        ...bias(layer.useBias, layer.filters),
      ],
    }
  if (layer.strides[0] !== layer.strides[1])
    throw new LayerMisfit(
      `${layer.type} needs the same stride for height and width, not ${showShape(layer.strides)}`,
      'strides',
    )
  const depth = channels * layer.depthMultiplier
  const depthwise = weight('depthwiseKernel', [
    ...layer.kernelSize,
    channels,
    layer.depthMultiplier,
  ])
  if (layer.type === 'depthwiseConv2d')
    return {
      outputShape: [...pixels, depth],
      weights: [depthwise, ...bias(layer.useBias, depth)],
    }
  return {
    outputShape: [...pixels, layer.filters],
    weights: [
      depthwise,
      weight('pointwiseKernel', [1, 1, depth, layer.filters]),
      ...bias(layer.useBias, layer.filters),
    ],
  }
}

function placeOnImage(layer: ImageLayer, input: Shape): Placement {
  switch (layer.type) {
    case 'conv2d':
    case 'depthwiseConv2d':
    case 'separableConv2d':
      return placeConvolution(layer, input)
    case 'maxPooling2d':
    case 'averagePooling2d': {
      const picture = image(input, layer.type)
      const pixels = windows(picture, layer.poolSize, layer, 'poolSize')
      return { outputShape: [...pixels, picture[2]], weights: [] }
    }
    case 'globalAveragePooling2d':
    case 'globalMaxPooling2d':
      return { outputShape: [image(input, layer.type)[2]], weights: [] }
    case 'zeroPadding2d': {
      const [height, width, channels] = image(input, layer.type)
      const [[top, bottom], [left, right]] = layer.padding
      return { outputShape: [top + height + bottom, left + width + right, channels], weights: [] }
    }
    case 'upSampling2d': {
      const [height, width, channels] = image(input, layer.type)
      return {
        outputShape: [height * layer.size[0], width * layer.size[1], channels],
        weights: [],
      }
    }
  }
}

/** @throws LayerMisfit when the shape is no `[length, channels]` */
function placeOnSequence(layer: SequenceLayer, input: Shape): Placement {
  const [length, channels] = input
  if (input.length !== 2 || !length || !channels)
    throw new LayerMisfit(
      `${layer.type} needs a sequence [length, channels] but its input is ${showShape(input)}${input.length === 1 ? ': put a reshape or embedding layer before it' : ''}`,
    )
  const { outputShape, weights } = placeOnImage(imageLayer(layer), [length, 1, channels])
  return {
    outputShape: outputShape.length === 3 ? withoutWidth(outputShape) : outputShape,
    weights: weights.map((placed) =>
      placed.shape.length === 4 ? { ...placed, shape: withoutWidth(placed.shape) } : placed,
    ),
  }
}

function placeMerge(type: 'add' | 'concatenate', inputs: readonly Shape[]): Placement {
  const [first = [], ...others] = inputs
  if (others.length === 0)
    throw new LayerMisfit(`${type} needs two or more inputs: name the layers it reads`, 'inputs')
  const compared = (shape: Shape): string => showShape(type === 'add' ? shape : shape.slice(0, -1))
  if (others.some((shape) => shape.length !== first.length || compared(shape) !== compared(first)))
    throw new LayerMisfit(
      `${type} needs inputs of ${type === 'add' ? 'one shape' : 'shapes that differ in the last axis only'} but reads ${inputs.map(showShape).join(', ')}`,
      'inputs',
    )
  if (type === 'add') return { outputShape: first, weights: [] }
  const channels = inputs.reduce((sum, shape) => sum + (shape.at(-1) ?? 1), 0)
  return { outputShape: [...first.slice(0, -1), channels], weights: [] }
}

/** @throws LayerMisfit when the layer cannot take those inputs. */
export function placeLayer(layer: Layer, inputs: readonly Shape[]): Placement {
  if (layer.type === 'add' || layer.type === 'concatenate') return placeMerge(layer.type, inputs)
  const [input = [], ...more] = inputs
  if (more.length > 0)
    throw new LayerMisfit(
      `${layer.type} reads one layer, not ${inputs.length}: put an add or concatenate layer before it`,
      'inputs',
    )
  const last = [input.at(-1) ?? 1]
  switch (layer.type) {
    case 'dense': {
      const [features] = input
      if (input.length !== 1 || !features)
        throw new LayerMisfit(
          `dense needs a vector but its input is ${showShape(input)}: put a flatten or global pooling layer before it`,
        )
      return {
        outputShape: [layer.units],
        weights: [weight('kernel', [features, layer.units]), ...bias(layer.useBias, layer.units)],
      }
    }
    case 'conv2d':
    case 'depthwiseConv2d':
    case 'separableConv2d':
    case 'maxPooling2d':
    case 'averagePooling2d':
    case 'globalAveragePooling2d':
    case 'globalMaxPooling2d':
    case 'zeroPadding2d':
    case 'upSampling2d':
      return placeOnImage(layer, input)
    case 'conv1d':
    case 'depthwiseConv1d':
    case 'separableConv1d':
    case 'maxPooling1d':
    case 'averagePooling1d':
    case 'globalAveragePooling1d':
    case 'globalMaxPooling1d':
    case 'zeroPadding1d':
    case 'upSampling1d':
      return placeOnSequence(layer, input)
    case 'embedding':
      if (input.length !== 1)
        throw new LayerMisfit(
          `embedding needs a vector of token ids but its input is ${showShape(input)}`,
        )
      return {
        outputShape: [...input, layer.outputDim],
        weights: [weight('embeddings', [layer.inputDim, layer.outputDim])],
      }
    case 'reshape':
      return { outputShape: layer.targetShape, weights: [] }
    case 'flatten':
      return { outputShape: [elements(input)], weights: [] }
    case 'batchNormalization':
      return {
        outputShape: input,
        weights: [
          weight('gamma', last),
          weight('beta', last),
          weight('movingMean', last, false),
          weight('movingVariance', last, false),
        ],
      }
    case 'layerNormalization':
      return { outputShape: input, weights: [weight('gamma', last), weight('beta', last)] }
    case 'dropout':
    case 'rescaling':
    case 'activation':
      return { outputShape: input, weights: [] }
  }
}
