/** Output shape and weights of one layer on one input shape, without TensorFlow. */
import { LayerMisfit } from './layer-misfit.ts'
import { elements, type Layer, type Shape, type WeightShape } from './network.ts'

const show = (shape: Shape): string => `[${shape.join(', ')}]`

function image(shape: Shape, what: string): readonly [number, number, number] {
  const [height, width, channels] = shape
  if (shape.length !== 3 || !height || !width || !channels)
    throw new LayerMisfit(
      `${what} needs an image [height, width, channels] but its input is ${show(shape)}`,
    )
  return [height, width, channels]
}

/** Pixels that a window gives along one axis (TensorFlow's rule). */
function windows(
  pixels: number,
  size: number,
  stride: number,
  padding: 'valid' | 'same',
  field: string,
): number {
  if (padding === 'same') return Math.ceil(pixels / stride)
  if (size > pixels)
    throw new LayerMisfit(
      `a window of ${size} pixels does not fit into ${pixels} with padding "valid": the output would be below 1 pixel`,
      field,
    )
  return Math.floor((pixels - size) / stride) + 1
}

const bias = (useBias: boolean, units: number): WeightShape[] =>
  useBias ? [{ name: 'bias', shape: [units], trainable: true }] : []

/** @throws LayerMisfit when the layer cannot take that input. */
export function placeLayer(
  layer: Layer,
  input: Shape,
): { outputShape: Shape; weights: readonly WeightShape[] } {
  switch (layer.type) {
    case 'dense': {
      const [features] = input
      if (input.length !== 1 || !features)
        throw new LayerMisfit(
          `dense needs a vector but its input is ${show(input)}: put a flatten or globalAveragePooling2d layer before it`,
        )
      return {
        outputShape: [layer.units],
        weights: [
          { name: 'kernel', shape: [features, layer.units], trainable: true },
          ...bias(layer.useBias, layer.units),
        ],
      }
    }
    case 'conv2d': {
      const [height, width, channels] = image(input, 'conv2d')
      const [kernelHeight, kernelWidth] = layer.kernelSize
      return {
        outputShape: [
          windows(height, kernelHeight, layer.strides[0], layer.padding, 'kernelSize'),
          windows(width, kernelWidth, layer.strides[1], layer.padding, 'kernelSize'),
          layer.filters,
        ],
        weights: [
          {
            name: 'kernel',
            shape: [kernelHeight, kernelWidth, channels, layer.filters],
            trainable: true,
          },
          ...bias(layer.useBias, layer.filters),
        ],
      }
    }
    case 'maxPooling2d':
    case 'averagePooling2d': {
      const [height, width, channels] = image(input, layer.type)
      return {
        outputShape: [
          windows(height, layer.poolSize[0], layer.strides[0], layer.padding, 'poolSize'),
          windows(width, layer.poolSize[1], layer.strides[1], layer.padding, 'poolSize'),
          channels,
        ],
        weights: [],
      }
    }
    case 'globalAveragePooling2d':
      return { outputShape: [image(input, layer.type)[2]], weights: [] }
    case 'flatten':
      return { outputShape: [elements(input)], weights: [] }
    case 'batchNormalization': {
      const channels = [input.at(-1) ?? 1]
      return {
        outputShape: input,
        weights: [
          { name: 'gamma', shape: channels, trainable: true },
          { name: 'beta', shape: channels, trainable: true },
          { name: 'movingMean', shape: channels, trainable: false },
          { name: 'movingVariance', shape: channels, trainable: false },
        ],
      }
    }
    case 'dropout':
    case 'activation':
      return { outputShape: input, weights: [] }
  }
}
