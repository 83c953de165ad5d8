/** Output shape and weights of one layer on one input shape, without TensorFlow. */
import type { LayerSpec } from './layers.ts'
import { elements, type Layer, type Shape, showShape, type WeightShape } from './network.ts'

/** Why a layer cannot follow its input, in words for the client; `field` names the part of the layer at fault. */
export class LayerMisfit extends Error {
  readonly field: string | undefined
  constructor(message: string, field?: string) {
    super(message)
    this.field = field
  }
}

const pair = (value: number | number[] | undefined, otherwise: readonly [number, number]) =>
  value === undefined
    ? otherwise
    : Array.isArray(value)
      ? ([value[0] ?? 1, value[1] ?? 1] as const)
      : ([value, value] as const)

/** Fills in every default of a layer. */
export function completeLayer(spec: LayerSpec): Layer {
  switch (spec.type) {
    case 'dense':
      return {
        type: 'dense',
        units: spec.units,
        activation: spec.activation ?? 'linear',
        useBias: spec.useBias ?? true,
      }
    case 'conv2d':
      return {
        type: 'conv2d',
        filters: spec.filters,
        kernelSize: pair(spec.kernelSize, [1, 1]),
        strides: pair(spec.strides, [1, 1]),
        padding: spec.padding ?? 'valid',
        activation: spec.activation ?? 'linear',
        useBias: spec.useBias ?? true,
      }
    case 'maxPooling2d':
    case 'averagePooling2d': {
      const poolSize = pair(spec.poolSize, [2, 2])
      return {
        type: spec.type,
        poolSize,
        strides: pair(spec.strides, poolSize),
        padding: spec.padding ?? 'valid',
      }
    }
    case 'globalAveragePooling2d':
      return { type: 'globalAveragePooling2d' }
    case 'flatten':
      return { type: 'flatten' }
    case 'batchNormalization':
      return {
        type: 'batchNormalization',
        momentum: spec.momentum ?? 0.99,
        epsilon: spec.epsilon ?? 0.001,
      }
    case 'dropout':
      return { type: 'dropout', rate: spec.rate }
    case 'activation':
      return { type: 'activation', activation: spec.activation }
  }
}

function image(shape: Shape, what: string): readonly [number, number, number] {
  const [height, width, channels] = shape
  if (shape.length !== 3 || !height || !width || !channels)
    throw new LayerMisfit(
      `${what} needs an image [height, width, channels] but its input is ${showShape(shape)}`,
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
          `dense needs a vector but its input is ${showShape(input)}: put a flatten or globalAveragePooling2d layer before it`,
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
