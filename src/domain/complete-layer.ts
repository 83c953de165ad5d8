/** A client's layer with every default filled in. */
import { LayerMisfit } from './layer-misfit.ts'
import { type Activation, DEFAULT_NEGATIVE_SLOPE, type LayerSpec } from './layers.ts'
import type { Layer } from './network.ts'

const pair = (value: number | number[] | undefined, otherwise: readonly [number, number]) =>
  value === undefined
    ? otherwise
    : Array.isArray(value)
      ? ([value[0] ?? 1, value[1] ?? 1] as const)
      : ([value, value] as const)

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

/**
 * Fills in every default of a layer.
 * @throws LayerMisfit when two of its fields contradict each other
 */
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
      return activationLayer(spec.activation, spec.negativeSlope)
  }
}
