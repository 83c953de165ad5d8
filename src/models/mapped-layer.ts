/** What a layer of a Keras topology is here, and its activation. */
import { ACTIVATIONS, type Activation } from '../domain/activation.ts'
import type { LayerSpec } from '../domain/layers.ts'
import type { WeightShape } from '../domain/network.ts'
import { type Fields, isObject, property, shown } from './json-fields.ts'

export type WeightKind = WeightShape['name']

export interface MappedLayer {
  /** Null for a layer that is nothing but a softmax. */
  readonly spec: LayerSpec | null
  readonly endsInSoftmax: boolean
  /** Weights that the file leaves out because they have no effect there, and the value that has none. */
  readonly constants: ReadonlyMap<WeightKind, number>
}

/** Limits of the layers that a client may also write by hand. */
export const MAX_FILTERS = 8192
export const MAX_WINDOW = 1024
const MAX_DEPTH_MULTIPLIER = 64

const ACCEPTED_ACTIVATIONS = ACTIVATIONS.join(', ')
const OTHER_NAMES: ReadonlyMap<string, Activation> = new Map([
  ['silu', 'swish'],
  ['leaky_relu', 'leakyRelu'],
])

export function readActivation(fields: Fields): Activation | 'softmax' {
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
  throw fields.error(
    'activation-not-supported',
    `activation ${shown(name)} is not supported; accepted are ${ACCEPTED_ACTIVATIONS}, and softmax at the very end`,
    'activation',
  )
}

export const withActivation = (
  activation: Activation | 'softmax',
  build: (activation: Activation) => LayerSpec,
): MappedLayer => ({
  spec: build(activation === 'softmax' ? 'linear' : activation),
  endsInSoftmax: activation === 'softmax',
  constants: new Map(),
})

export const plain = (spec: LayerSpec): MappedLayer => ({
  spec,
  endsInSoftmax: false,
  constants: new Map(),
})

export const SOFTMAX: MappedLayer = { spec: null, endsInSoftmax: true, constants: new Map() }

export function channelsLast(fields: Fields): void {
  fields.only('data_format', ['channels_last'])
}

export const depthMultiplier = (fields: Fields): number =>
  fields.value('depth_multiplier') === undefined
    ? 1
    : fields.count('depth_multiplier', MAX_DEPTH_MULTIPLIER)
