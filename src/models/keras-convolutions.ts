/** Convolutions of a Keras topology. */
import type { Fields } from './json-fields.ts'
import {
  channelsLast,
  depthMultiplier,
  MAX_FILTERS,
  MAX_WINDOW,
  type MappedLayer,
  readActivation,
  withActivation,
} from './mapped-layer.ts'

function readWindow(fields: Fields) {
  channelsLast(fields)
  fields.only('groups', [1])
  fields.only('lora_rank', [])
  const dilation = fields.pair('dilation_rate', MAX_WINDOW) ?? [1, 1]
  if (dilation.some((rate) => rate !== 1)) fields.refuse('dilation_rate', '1')
  const kernelSize = fields.pair('kernel_size', MAX_WINDOW)
  if (kernelSize === undefined) return fields.refuse('kernel_size', 'one or two whole numbers')
  return {
    kernelSize,
    strides: fields.pair('strides', MAX_WINDOW) ?? [1, 1],
    padding: fields.word('padding', ['valid', 'same'], 'valid'),
    useBias: fields.boolean('use_bias', true),
  }
}

export function conv2d(fields: Fields): MappedLayer {
  const window = readWindow(fields)
  const filters = fields.count('filters', MAX_FILTERS)
  return withActivation(readActivation(fields), (activation) => ({
    type: 'conv2d',
    filters,
    ...window,
    activation,
  }))
}

export function depthwiseConv2d(fields: Fields): MappedLayer {
  const window = readWindow(fields)
  return withActivation(readActivation(fields), (activation) => ({
    type: 'depthwiseConv2d',
    depthMultiplier: depthMultiplier(fields),
    ...window,
    activation,
  }))
}

export function separableConv2d(fields: Fields): MappedLayer {
  const window = readWindow(fields)
  const filters = fields.count('filters', MAX_FILTERS)
  return withActivation(readActivation(fields), (activation) => ({
    type: 'separableConv2d',
    filters,
    depthMultiplier: depthMultiplier(fields),
    ...window,
    activation,
  }))
}
