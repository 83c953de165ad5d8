/** One layer of a Keras topology as one of ours, or the reason why there is none. */
import type { Fields } from './json-fields.ts'
import { conv2d, depthwiseConv2d, separableConv2d } from './keras-convolutions.ts'
import { globalPooling, pooling, upSampling2d, zeroPadding2d } from './keras-images.ts'
import { embedding, rescaling, reshape } from './keras-inputs.ts'
import {
  conv1d,
  depthwiseConv1d,
  globalPooling1d,
  pooling1d,
  separableConv1d,
  upSampling1d,
  zeroPadding1d,
} from './keras-sequences.ts'
import {
  channelsLast,
  type MappedLayer,
  plain,
  readActivation,
  SOFTMAX,
  type WeightKind,
  withActivation,
} from './mapped-layer.ts'
import { ModelError, quoted } from './model-error.ts'

/** Limit of the layer that a client may also write by hand. */
const MAX_UNITS = 65_536

export interface KerasLayer {
  readonly name: string
  readonly className: string
  readonly fields: Fields
  /** Of the layer in its document, around `config`. */
  readonly pointer: string
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

/** Keras counts the batch axis, so the last axis of a row is axis `inputRank`. */
function lastAxis(fields: Fields, inputRank: number): void {
  const axis = fields.value('axis')
  const only = Array.isArray(axis) && axis.length === 1 ? axis[0] : axis
  if (only !== undefined && only !== -1 && only !== inputRank)
    fields.refuse('axis', `-1 (the last axis, here also ${inputRank})`)
}

const readEpsilon = (fields: Fields): number =>
  fields.number(
    'epsilon',
    0.001,
    (value) => value > 0 && value <= 1,
    'a number above 0 and at most 1',
  )

/** Keras leaves out a gamma that is 1 everywhere and a beta that is 0. */
function unscaled(fields: Fields): Map<WeightKind, number> {
  const constants = new Map<WeightKind, number>()
  if (!fields.boolean('scale', true)) constants.set('gamma', 1)
  if (!fields.boolean('center', true)) constants.set('beta', 0)
  return constants
}

function batchNormalization(fields: Fields, inputRank: number): MappedLayer {
  lastAxis(fields, inputRank)
  fields.only('renorm', [false])
  fields.only('virtual_batch_size', [])
  const unit = (value: number) => value >= 0 && value <= 1
  const momentum = fields.number('momentum', 0.99, unit, 'a number from 0 to 1')
  return {
    spec: { type: 'batchNormalization', momentum, epsilon: readEpsilon(fields) },
    endsInSoftmax: false,
    constants: unscaled(fields),
  }
}

function layerNormalization(fields: Fields, inputRank: number): MappedLayer {
  lastAxis(fields, inputRank)
  fields.only('rms_scaling', [false])
  return {
    spec: { type: 'layerNormalization', epsilon: readEpsilon(fields) },
    endsInSoftmax: false,
    constants: unscaled(fields),
  }
}

function concatenate(fields: Fields, inputRank: number): MappedLayer {
  lastAxis(fields, inputRank)
  return plain({ type: 'concatenate' })
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
  ['DepthwiseConv2D', depthwiseConv2d],
  ['SeparableConv2D', separableConv2d],
  ['MaxPooling2D', (fields) => pooling('maxPooling2d', fields)],
  ['AveragePooling2D', (fields) => pooling('averagePooling2d', fields)],
  ['GlobalAveragePooling2D', (fields) => globalPooling('globalAveragePooling2d', fields)],
  ['GlobalMaxPooling2D', (fields) => globalPooling('globalMaxPooling2d', fields)],
  ['ZeroPadding2D', zeroPadding2d],
  ['UpSampling2D', upSampling2d],
  ['Conv1D', conv1d],
  ['DepthwiseConv1D', depthwiseConv1d],
  ['SeparableConv1D', separableConv1d],
  ['MaxPooling1D', (fields) => pooling1d('maxPooling1d', fields)],
  ['AveragePooling1D', (fields) => pooling1d('averagePooling1d', fields)],
  ['GlobalAveragePooling1D', (fields) => globalPooling1d('globalAveragePooling1d', fields)],
  ['GlobalMaxPooling1D', (fields) => globalPooling1d('globalMaxPooling1d', fields)],
  ['ZeroPadding1D', zeroPadding1d],
  ['UpSampling1D', upSampling1d],
  ['Embedding', embedding],
  ['Reshape', reshape],
  ['Rescaling', rescaling],
  [
    'Flatten',
    (fields) => {
      channelsLast(fields)
      return plain({ type: 'flatten' })
    },
  ],
  ['BatchNormalization', batchNormalization],
  ['LayerNormalization', layerNormalization],
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
  ['Add', () => plain({ type: 'add' })],
  ['Concatenate', concatenate],
])

/** Classes of layers that can be read. */
export const KERAS_CLASSES: readonly string[] = ['InputLayer', ...READERS.keys()]

const whyNot = (className: string): string => {
  if (className === 'Lambda')
    return 'a Lambda layer holds program code, which is never run here; replace it by ordinary layers'
  if (className === 'Normalization')
    return 'take it out: the service normalizes rows itself. Of a job: preprocessing.normalization; of an uploaded model: inputMean and inputStandardDeviation, the square root of its variance'
  if (['Sequential', 'Functional', 'Model'].includes(className))
    return 'it is a model inside the model; build one flat model and copy the weights into it'
  if (['TFOpLambda', 'SlicingOpLambda', 'TensorFlowOpLayer'].includes(className))
    return 'it is an operation outside of the layers, such as + or a function of TensorFlow; use a layer instead, such as keras.layers.Add'
  return 'this class is not supported; build the model from the accepted ones'
}

/** @throws ModelError when there is no such layer here */
export function checkClass({ name, className, pointer }: Omit<KerasLayer, 'fields'>): void {
  if (KERAS_CLASSES.includes(className)) return
  throw new ModelError(
    'layer-not-supported',
    `layer ${quoted(name)} (${quoted(className)}): ${whyNot(className)}. Accepted are ${KERAS_CLASSES.join(', ')}`,
    { pointer: `${pointer}/class_name` },
  )
}

/**
 * @param inputRank axes of the layer's input without the batch axis
 * @throws ModelError when the class, an option or the activation has no equal here
 */
export function mapLayer(layer: KerasLayer, inputRank: number): MappedLayer {
  const read = READERS.get(layer.className)
  if (!read) throw new Error(`layer class ${layer.className} was not checked`)
  return read(layer.fields, inputRank)
}
