/** Which stored tensor is which weight of the network. */

import type { Shape } from '../domain/network.ts'
import { KERAS_WEIGHT_NAMES } from './export/keras-layers.ts'
import type { WeightKind } from './mapped-layer.ts'
import { listed, ModelError, quoted } from './model-error.ts'
import type { ShardGroup, StoredWeight } from './weights-manifest.ts'

/** A weight the network has. */
export interface WantedWeight {
  /** `layer.weight`. */
  readonly name: string
  readonly kind: WeightKind
  readonly shape: Shape
  /** Name of the layer in the upload. */
  readonly kerasLayer: string
  /** Folder of the layer in a Keras 3 `.keras` file: its class, numbered. */
  readonly folder: string
  /** Position among the weights of its layer that are stored. */
  readonly index: number
}

export type WeightEntry =
  | {
      readonly kind: 'stored'
      /** `layer.weight`. */
      readonly name: string
      readonly shape: Shape
      /** Name in model.json. */
      readonly storedName: string
      readonly group: ShardGroup
    }
  /** Left out of the upload because it has no effect there: every number is `value`. */
  | {
      readonly kind: 'constant'
      readonly name: string
      readonly shape: Shape
      readonly value: number
    }
  /** Bytes in the shards that are no part of the network. */
  | {
      readonly kind: 'skipped'
      readonly storedName: string
      readonly sizeBytes: number
      readonly group: ShardGroup
    }

/** What a compiled model, its metrics and its dropout layers leave in a file. */
const isTrainingState = (weight: StoredWeight): boolean =>
  weight.isOptimizerState ||
  /^(optimizer|optimizer_weights|metrics)\//.test(weight.name) ||
  /(^|\/)seed_generator(\/|$)/.test(weight.name)

/** The stored name, then what follows each of its slashes: the longest match decides. */
function* suffixes(storedName: string): Generator<string> {
  const name = storedName.replace(/:\d+$/, '')
  yield name
  for (let at = name.indexOf('/'); at >= 0; at = name.indexOf('/', at + 1)) yield name.slice(at + 1)
}

/**
 * Names end in `layer/kernel` (tfjs, Keras 2, Keras 3 paths, each with any prefix) or in `dense_1/vars/0`
 * (Keras 3 `.keras` files, numbered by class).
 *
 * @returns one entry a stored tensor, in the order of the bytes
 * @throws ModelError when a weight is missing, unknown, doubled, or of another shape or type
 */
export function matchWeights(
  wanted: readonly WantedWeight[],
  stored: readonly StoredWeight[],
): WeightEntry[] {
  const byKey = new Map<string, WantedWeight>()
  for (const weight of wanted) {
    byKey.set(`${weight.folder}/vars/${weight.index}`, weight)
    // What Keras 3 calls the kernel of a DepthwiseConv2D.
    if (weight.kind === 'depthwiseKernel') byKey.set(`${weight.kerasLayer}/kernel`, weight)
    byKey.set(`${weight.kerasLayer}/${KERAS_WEIGHT_NAMES[weight.kind]}`, weight)
  }
  const found = new Map<WantedWeight, string>()
  const entries = stored.map((tensor): WeightEntry => {
    const { name: storedName, group } = tensor
    if (isTrainingState(tensor))
      return { kind: 'skipped', storedName, sizeBytes: tensor.sizeBytes, group }
    const weight = [...suffixes(storedName)].map((key) => byKey.get(key)).find((hit) => hit)
    if (weight === undefined)
      throw new ModelError(
        'weight-unknown',
        `model.json: weight ${quoted(storedName)} belongs to no layer; the layers have ${listed([...byKey.keys()].filter((key) => !key.includes('/vars/')))}. Save topology and weights together`,
      )
    const twin = found.get(weight)
    if (twin !== undefined)
      throw new ModelError(
        'weight-duplicated',
        `model.json: weights ${quoted(twin)} and ${quoted(storedName)} are both the ${weight.kind} of layer ${quoted(weight.kerasLayer)}`,
      )
    found.set(weight, storedName)
    const { name, shape } = weight
    const of = `weight ${quoted(storedName)} of layer ${quoted(weight.kerasLayer)}`
    if (tensor.dtype !== 'float32')
      throw new ModelError(
        'weights-dtype-not-supported',
        `model.json: ${of} has dtype ${tensor.dtype}; only float32 is read. Save the model with float32 weights`,
      )
    if (shape.join() !== tensor.shape.join())
      throw new ModelError(
        'weight-shape-mismatch',
        `model.json: ${of} has shape [${tensor.shape.join(', ')}], but the topology makes it [${shape.join(', ')}]. Save topology and weights together`,
      )
    return { kind: 'stored', name, shape, storedName, group }
  })
  const missing = wanted.filter((weight) => !found.has(weight))
  if (missing.length > 0)
    throw new ModelError(
      'weight-missing',
      `model.json: weightsManifest lacks ${listed(missing.map((weight) => `${weight.kerasLayer}/${KERAS_WEIGHT_NAMES[weight.kind]}`))}; it has ${listed(stored.map((weight) => weight.name))}. Save topology and weights together`,
    )
  return entries
}
