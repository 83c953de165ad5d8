/** One layer of a Keras topology as one of ours, or the reason why there is none. */
import { ACTIVATIONS, type Activation, type LayerSpec } from '../domain/layers.ts'
import type { WeightShape } from '../domain/network.ts'
import { type Fields, isObject, property, shown } from './json-fields.ts'
import { ModelError, quoted } from './model-error.ts'

/** Limits of the layers that a client may also write by hand. */
const MAX_UNITS = 65_536
const MAX_FILTERS = 8192
const MAX_WINDOW = 1024

export interface KerasLayer {
  readonly name: string
  readonly className: string
  readonly fields: Fields
}

export type WeightKind = WeightShape['name']

export interface MappedLayer {
  /** Null for a layer that is nothing but a softmax. */
  readonly spec: LayerSpec | null
  readonly endsInSoftmax: boolean
  /** Weights that the file leaves out because they have no effect there, and the value that has none. */
  readonly constants: ReadonlyMap<WeightKind, number>
}

const ACCEPTED_ACTIVATIONS = ACTIVATIONS.join(', ')
const OTHER_NAMES: ReadonlyMap<string, Activation> = new Map([
  ['silu', 'swish'],
  ['leaky_relu', 'leakyRelu'],
])

function readActivation(fields: Fields): Activation | 'softmax' {
  const given = fields.value('activation')
  const name =
    isObject(given) && property(given, 'class_name') === 'function'
      ? property(given, 'config')
      : given
  if (name === undefined || name === null) return 'linear'
  if (name === 'softmax') return 'softmax'
  const known =
    typeof name === 'string'
      ? (OTHER_NAMES.get(name) ?? ACTIVATIONS.find((activation) => activation === name))
      : undefined
  if (known !== undefined) return known
  throw new ModelError(
    'activation-not-supported',
    `${fields.where}: activation ${shown(name)} is not supported; accepted are ${ACCEPTED_ACTIVATIONS}, and softmax at the very end`,
  )
}

const withActivation = (
  activation: Activation | 'softmax',
  build: (activation: Activation) => LayerSpec,
): MappedLayer => ({
  spec: build(activation === 'softmax' ? 'linear' : activation),
  endsInSoftmax: activation === 'softmax',
  constants: new Map(),
})

const plain = (spec: LayerSpec): MappedLayer => ({
  spec,
  endsInSoftmax: false,
  constants: new Map(),
})

const SOFTMAX: MappedLayer = { spec: null, endsInSoftmax: true, constants: new Map() }

function channelsLast(fields: Fields): void {
  fields.only('data_format', ['channels_last'])
}

function dense(fields: Fields): MappedLayer {
  fields.only('lora_rank', [])
  fields.only('quantization_config', [])
  const units = fields.count('units', MAX_UNITS)
  const useBias = fields.boolean('use_bias', true)
  return withActivation(readActivation(fields), (activation) => ({
    type: 'dense',
    units,
    activation,
    useBias,
  }))
}

function conv2d(fields: Fields): MappedLayer {
  channelsLast(fields)
  fields.only('groups', [1])
  fields.only('lora_rank', [])
  const dilation = fields.pair('dilation_rate', MAX_WINDOW) ?? [1, 1]
  if (dilation.some((rate) => rate !== 1)) fields.refuse('dilation_rate', '1')
  const kernelSize = fields.pair('kernel_size', MAX_WINDOW)
  if (kernelSize === undefined) return fields.refuse('kernel_size', 'one or two whole numbers')
  const filters = fields.count('filters', MAX_FILTERS)
  const strides = fields.pair('strides', MAX_WINDOW) ?? [1, 1]
  const padding = fields.word('padding', ['valid', 'same'], 'valid')
  const useBias = fields.boolean('use_bias', true)
  return withActivation(readActivation(fields), (activation) => ({
    type: 'conv2d',
    filters,
    kernelSize,
    strides,
    padding,
    activation,
    useBias,
  }))
}

function pooling(type: 'maxPooling2d' | 'averagePooling2d', fields: Fields): MappedLayer {
  channelsLast(fields)
  const poolSize = fields.pair('pool_size', MAX_WINDOW) ?? [2, 2]
  const strides = fields.pair('strides', MAX_WINDOW) ?? poolSize
  return plain({
    type,
    poolSize,
    strides,
    padding: fields.word('padding', ['valid', 'same'], 'valid'),
  })
}

function batchNormalization(fields: Fields, inputRank: number): MappedLayer {
  const axis = fields.value('axis')
  const only = Array.isArray(axis) && axis.length === 1 ? axis[0] : axis
  // Keras counts the batch axis, so the last axis of a row is axis `inputRank`.
  if (only !== undefined && only !== -1 && only !== inputRank)
    fields.refuse('axis', `-1 (the last axis, here also ${inputRank})`)
  fields.only('renorm', [false])
  fields.only('virtual_batch_size', [])
  const unit = (value: number) => value >= 0 && value <= 1
  const momentum = fields.number('momentum', 0.99, unit, 'a number from 0 to 1')
  const epsilon = fields.number(
    'epsilon',
    0.001,
    (value) => value > 0 && value <= 1,
    'a number above 0 and at most 1',
  )
  const constants = new Map<WeightKind, number>()
  if (!fields.boolean('scale', true)) constants.set('gamma', 1)
  if (!fields.boolean('center', true)) constants.set('beta', 0)
  return {
    spec: { type: 'batchNormalization', momentum, epsilon },
    endsInSoftmax: false,
    constants,
  }
}

function dropout(fields: Fields): MappedLayer {
  fields.only('noise_shape', [])
  const rate = fields.number(
    'rate',
    Number.NaN,
    (value) => value >= 0 && value < 1,
    'a number from 0, below 1',
  )
  if (Number.isNaN(rate)) return fields.refuse('rate', 'a number from 0, below 1')
  return plain({ type: 'dropout', rate })
}

function softmax(fields: Fields, inputRank: number): MappedLayer {
  fields.only('axis', [-1, inputRank])
  return SOFTMAX
}

function activationLayer(fields: Fields): MappedLayer {
  const activation = readActivation(fields)
  return activation === 'softmax' ? SOFTMAX : plain({ type: 'activation', activation })
}

/** Keras 3 calls it `negative_slope`, Keras 2 and tfjs `alpha`. */
const slope = (fields: Fields, key: 'negative_slope' | 'alpha', otherwise: number): number =>
  fields.number(key, otherwise, (value) => value >= 0 && value <= 1, 'a number from 0 to 1')

const leakyRelu = (negativeSlope: number): MappedLayer =>
  plain({ type: 'activation', activation: 'leakyRelu', negativeSlope })

function rectifier(fields: Fields): MappedLayer {
  fields.only('threshold', [0])
  fields.only('max_value', [6])
  const isCapped = fields.value('max_value') === 6
  const negativeSlope = slope(fields, 'negative_slope', 0)
  if (negativeSlope === 0)
    return plain({ type: 'activation', activation: isCapped ? 'relu6' : 'relu' })
  return isCapped
    ? fields.refuse('negative_slope', '0 together with max_value 6')
    : leakyRelu(negativeSlope)
}

const READERS: ReadonlyMap<string, (fields: Fields, inputRank: number) => MappedLayer> = new Map([
  ['Dense', dense],
  ['Conv2D', conv2d],
  ['MaxPooling2D', (fields) => pooling('maxPooling2d', fields)],
  ['AveragePooling2D', (fields) => pooling('averagePooling2d', fields)],
  [
    'GlobalAveragePooling2D',
    (fields) => {
      channelsLast(fields)
      fields.only('keepdims', [false])
      return plain({ type: 'globalAveragePooling2d' })
    },
  ],
  [
    'Flatten',
    (fields) => {
      channelsLast(fields)
      return plain({ type: 'flatten' })
    },
  ],
  ['BatchNormalization', batchNormalization],
  ['Dropout', dropout],
  ['Activation', activationLayer],
  ['ReLU', rectifier],
  [
    'LeakyReLU',
    (fields) =>
      leakyRelu(
        slope(fields, fields.value('alpha') === undefined ? 'negative_slope' : 'alpha', 0.3),
      ),
  ],
  [
    'ELU',
    (fields) => {
      fields.only('alpha', [1])
      return plain({ type: 'activation', activation: 'elu' })
    },
  ],
  ['Softmax', softmax],
])

const ACCEPTED_CLASSES = ['InputLayer', ...READERS.keys()].join(', ')

const whyNot = (className: string): string => {
  if (className === 'Lambda')
    return 'a Lambda layer holds program code, which is never run here; replace it by ordinary layers'
  if (['Sequential', 'Functional', 'Model'].includes(className))
    return 'it is a model inside the model; build one flat chain of layers and copy the weights into it'
  return 'this class is not supported; build the model from the accepted ones'
}

/**
 * @param inputRank axes of the layer's input without the batch axis
 * @throws ModelError when the class, an option or the activation has no equal here
 */
export function mapLayer(layer: KerasLayer, inputRank: number): MappedLayer {
  const read = READERS.get(layer.className)
  if (read !== undefined) return read(layer.fields, inputRank)
  throw new ModelError(
    'layer-not-supported',
    `layer ${quoted(layer.name)} (${quoted(layer.className)}): ${whyNot(layer.className)}. Accepted are ${ACCEPTED_CLASSES}`,
  )
}
