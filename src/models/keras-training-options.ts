/** Options of Keras layers that matter only where the network is trained. */
import { isObject, property } from './json-fields.ts'
import type { KerasLayer } from './keras-layer.ts'
import { listed } from './model-error.ts'

/** As Keras starts weights, and as `initialize` of the engine does. */
const DEFAULT_INITIALIZERS: ReadonlyMap<string, string> = new Map([
  ['kernel_initializer', 'GlorotUniform'],
  ['depthwise_initializer', 'GlorotUniform'],
  ['pointwise_initializer', 'GlorotUniform'],
  ['bias_initializer', 'Zeros'],
  ['embeddings_initializer', 'RandomUniform'],
  ['gamma_initializer', 'Ones'],
  ['beta_initializer', 'Zeros'],
  ['moving_mean_initializer', 'Zeros'],
  ['moving_variance_initializer', 'Ones'],
])

/** Keras 3 writes a policy where Keras 2 writes a name. */
function checkPrecision({ fields }: KerasLayer): void {
  const given = fields.value('dtype')
  const config = isObject(given) ? property(given, 'config') : undefined
  const name = isObject(config) ? property(config, 'name') : given
  if (name !== undefined && name !== null && name !== 'float32')
    fields.refuse('dtype', '"float32", in which everything is computed')
}

/** @throws ModelError when the network would not be trained as the layer says */
export function checkTrainable(layer: KerasLayer): void {
  if (layer.className === 'InputLayer') return
  const { fields } = layer
  checkPrecision(layer)
  fields.only('trainable', [true])
  // Without them Keras has fewer weights: here a normalization always scales and shifts.
  if (layer.className === 'BatchNormalization' || layer.className === 'LayerNormalization') {
    fields.only('scale', [true])
    fields.only('center', [true])
  }
  for (const key of Object.keys(fields.object))
    if (/_(regularizer|constraint)$/.test(key) && fields.value(key) !== null)
      fields.refuse(key, 'null; training.optimizer.weightDecay acts on all weights')
}

const initializerOf = (value: unknown): string => {
  const name = isObject(value) ? property(value, 'class_name') : value
  return typeof name === 'string' ? name : 'another'
}

/** Says which layers ask for other start values than they get. */
export function initializerNotes(layers: readonly KerasLayer[]): string[] {
  const others = layers.flatMap(({ name, fields }) =>
    [...DEFAULT_INITIALIZERS].flatMap(([key, usual]) => {
      const value = fields.value(key)
      if (value === undefined || value === null) return []
      const initializer = initializerOf(value)
      return initializer === usual ? [] : [`${name}/${key}: ${initializer}`]
    }),
  )
  return others.length === 0
    ? []
    : [
        `initializers are not read: kernels start Glorot uniform, biases 0, as Keras' defaults; given were ${listed(others)}`,
      ]
}
