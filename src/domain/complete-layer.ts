/** A client's layer with every default filled in. */

import { type Activation, DEFAULT_NEGATIVE_SLOPE } from './activation.ts'
import { LayerMisfit } from './layer-misfit.ts'
import type { LayerSpec } from './layers.ts'
import { elements, type Layer, type Shape, showShape } from './network.ts'

const pair = (value: number | number[] | undefined, otherwise: readonly [number, number]) =>
  value === undefined
    ? otherwise
    : Array.isArray(value)
      ? ([value[0] ?? 1, value[1] ?? 1] as const)
      : ([value, value] as const)

type Convolution = Extract<LayerSpec, { kernelSize: unknown }>
type SequenceConvolution = Extract<Convolution, { type: `${string}1d` }>

const ending = (spec: Convolution) => ({
  padding: spec.padding ?? ('valid' as const),
  activation: spec.activation ?? ('linear' as const),
  useBias: spec.useBias ?? true,
})

const convolution = (spec: Exclude<Convolution, SequenceConvolution>) => ({
  kernelSize: pair(spec.kernelSize, [1, 1]),
  strides: pair(spec.strides, [1, 1]),
  ...ending(spec),
})

const sequenceConvolution = (spec: SequenceConvolution) => ({
  kernelSize: spec.kernelSize,
  strides: spec.strides ?? 1,
  ...ending(spec),
})

/** `[[top, bottom], [left, right]]` */
function edges(padding: number | number[] | number[][] | undefined) {
  const [vertical = 1, horizontal = 1] = Array.isArray(padding) ? padding : [padding, padding]
  return [pair(vertical, [1, 1]), pair(horizontal, [1, 1])] as const
}

function activationLayer(activation: Activation, negativeSlope: number | undefined): Layer {
  if (activation === 'leakyRelu')
    return {
      type: 'activation',
      activation,
      negativeSlope: negativeSlope ?? DEFAULT_NEGATIVE_SLOPE,
    }
  if (negativeSlope !== undefined)
    throw new LayerMisfit(
      `negativeSlope belongs to leakyRelu, not to ${activation}`,
      'negativeSlope',
    )
  return { type: 'activation', activation }
}

/** Puts what is left in place of -1. */
function targetShape(wanted: readonly number[], input: Shape): Shape {
  const given = wanted.filter((side) => side !== -1)
  const left = elements(input) / elements(given)
  const fits =
    given.length === wanted.length
      ? left === 1
      : given.length + 1 === wanted.length && Number.isInteger(left)
  if (fits) return wanted.map((side) => (side === -1 ? left : side))
  throw new LayerMisfit(
    `the ${elements(input)} numbers of ${showShape(input)} do not fill the shape ${showShape(wanted)}`,
    'targetShape',
  )
}

/**
 * Fills in every default of a layer.
 * @param input shape of the first layer that it reads
 * @throws LayerMisfit when two of its fields contradict each other
 */
export function completeLayer(spec: LayerSpec, input: Shape): Layer {
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
        ...convolution(spec),
      }
    case 'depthwiseConv2d':
      return {
        type: 'depthwiseConv2d',
        depthMultiplier: spec.depthMultiplier ?? 1,
        ...convolution(spec),
      }
    case 'separableConv2d':
      return {
        type: 'separableConv2d',
        filters: spec.filters,
        depthMultiplier: spec.depthMultiplier ?? 1,
        ...convolution(spec),
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
    case 'zeroPadding2d':
      return { type: 'zeroPadding2d', padding: edges(spec.padding) }
    case 'upSampling2d':
      return { type: 'upSampling2d', size: pair(spec.size, [2, 2]) }
    case 'conv1d':
      return { type: 'conv1d', filters: spec.filters, ...sequenceConvolution(spec) }
    case 'depthwiseConv1d':
      return {
        type: 'depthwiseConv1d',
        depthMultiplier: spec.depthMultiplier ?? 1,
        ...sequenceConvolution(spec),
      }
    case 'separableConv1d':
      return {
        type: 'separableConv1d',
        filters: spec.filters,
        depthMultiplier: spec.depthMultiplier ?? 1,
        ...sequenceConvolution(spec),
      }
    case 'maxPooling1d':
    case 'averagePooling1d': {
      const poolSize = spec.poolSize ?? 2
      return {
        type: spec.type,
        poolSize,
        strides: spec.strides ?? poolSize,
        padding: spec.padding ?? 'valid',
      }
    }
    case 'zeroPadding1d':
      return { type: 'zeroPadding1d', padding: pair(spec.padding, [1, 1]) }
    case 'upSampling1d':
      return { type: 'upSampling1d', size: spec.size ?? 2 }
    case 'embedding':
      return { type: 'embedding', inputDim: spec.inputDim, outputDim: spec.outputDim }
    case 'reshape':
      return { type: 'reshape', targetShape: targetShape(spec.targetShape, input) }
    case 'rescaling':
      return { type: 'rescaling', scale: spec.scale, offset: spec.offset ?? 0 }
    case 'globalAveragePooling1d':
    case 'globalMaxPooling1d':
    case 'globalAveragePooling2d':
    case 'globalMaxPooling2d':
    case 'flatten':
    case 'add':
    case 'concatenate':
      return { type: spec.type }
    case 'layerNormalization':
      return { type: 'layerNormalization', epsilon: spec.epsilon ?? 0.001 }
    case 'batchNormalization':
      return {
        type: 'batchNormalization',
        momentum: spec.momentum ?? 0.99,
        epsilon: spec.epsilon ?? 0.001,
      }
    case 'dropout':
      return { type: 'dropout', rate: spec.rate }
    case 'activation':
      return activationLayer(spec.activation, spec.negativeSlope)
  }
}
