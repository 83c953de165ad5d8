/** Layers of a Keras topology on sequences `[length, channels]`. */
import { MAX_UPSAMPLING } from '../domain/image-layers.ts'
import type { Fields } from './json-fields.ts'
import {
  channelsLast,
  depthMultiplier,
  MAX_FILTERS,
  MAX_WINDOW,
  type MappedLayer,
  plain,
  readActivation,
  withActivation,
} from './mapped-layer.ts'

function readWindow(fields: Fields) {
  channelsLast(fields)
  fields.only('groups', [1])
  fields.only('lora_rank', [])
  fields.only('quantization_config', [])
  if ((fields.single('dilation_rate', MAX_WINDOW) ?? 1) !== 1) fields.refuse('dilation_rate', '1')
  return {
    kernelSize:
      fields.single('kernel_size', MAX_WINDOW) ?? fields.refuse('kernel_size', 'a whole number'),
    strides: fields.single('strides', MAX_WINDOW) ?? 1,
    padding: fields.word('padding', ['valid', 'same'], 'valid'),
    useBias: fields.boolean('use_bias', true),
  }
}

export function conv1d(fields: Fields): MappedLayer {
  const window = readWindow(fields)
  const filters = fields.count('filters', MAX_FILTERS)
  return withActivation(readActivation(fields), (activation) => ({
    type: 'conv1d',
    filters,
    ...window,
    activation,
  }))
}

export function depthwiseConv1d(fields: Fields): MappedLayer {
  const window = readWindow(fields)
  return withActivation(readActivation(fields), (activation) => ({
    type: 'depthwiseConv1d',
    depthMultiplier: depthMultiplier(fields),
    ...window,
    activation,
  }))
}

export function separableConv1d(fields: Fields): MappedLayer {
  const window = readWindow(fields)
  const filters = fields.count('filters', MAX_FILTERS)
  return withActivation(readActivation(fields), (activation) => ({
    type: 'separableConv1d',
    filters,
    depthMultiplier: depthMultiplier(fields),
    ...window,
    activation,
  }))
}

export function pooling1d(type: 'maxPooling1d' | 'averagePooling1d', fields: Fields): MappedLayer {
  channelsLast(fields)
  const poolSize = fields.single('pool_size', MAX_WINDOW) ?? 2
  return plain({
    type,
    poolSize,
    strides: fields.single('strides', MAX_WINDOW) ?? poolSize,
    padding: fields.word('padding', ['valid', 'same'], 'valid'),
  })
}

export function globalPooling1d(
  type: 'globalAveragePooling1d' | 'globalMaxPooling1d',
  fields: Fields,
): MappedLayer {
  channelsLast(fields)
  fields.only('keepdims', [false])
  return plain({ type })
}

export function zeroPadding1d(fields: Fields): MappedLayer {
  channelsLast(fields)
  const value = fields.value('padding') ?? 1
  const [before, after]: unknown[] =
    Array.isArray(value) && value.length === 2 ? value : [value, value]
  const isSteps = (steps: unknown): steps is number =>
    typeof steps === 'number' && Number.isInteger(steps) && steps >= 0 && steps <= MAX_WINDOW
  if (!isSteps(before) || !isSteps(after))
    return fields.refuse('padding', `a whole number from 0 to ${MAX_WINDOW}, or [before, after]`)
  return plain({ type: 'zeroPadding1d', padding: [before, after] })
}

export const upSampling1d = (fields: Fields): MappedLayer =>
  plain({ type: 'upSampling1d', size: fields.single('size', MAX_UPSAMPLING) ?? 2 })
