/** The network of a weights file, from the architecture that was sent with it. */
import type { Architecture } from '../../domain/architecture.ts'
import { inferNetwork } from '../../domain/infer-network.ts'
import type { LayerSpec } from '../../domain/layers.ts'
import { type Network, outputShape, type Shape, showShape } from '../../domain/network.ts'
import { placeNetwork } from '../../domain/place-network.ts'
import { isObject, property, shown } from '../json-fields.ts'
import { ModelError } from '../model-error.ts'
import { modelOf, networkOfTopology } from '../read-layers-model.ts'

export interface ArchitectureContext {
  /** Of one row; null: not said. */
  readonly inputShape: Shape | null
  /** Null: not said. */
  readonly classes: number | null
  /** Checks the JSON against the schema of architectures; throws what the client is to see. */
  readonly checkArchitecture: (json: unknown) => Architecture
}

export interface ReadArchitecture {
  readonly network: Network
  readonly notes: readonly string[]
}

/** A model of Keras' `to_json()`, or a model.json of TensorFlow.js. */
function topologyOf(json: unknown): unknown {
  if (!isObject(json)) return undefined
  if (property(json, 'modelTopology') !== undefined) return modelOf(json)
  if (isObject(property(json, 'keras'))) return property(json, 'keras')
  return property(json, 'class_name') === undefined ? property(json, 'model_config') : json
}

/** How many logits the layers give. Layers that do not fit together are told by whoever infers the network. */
function classesOf(layers: readonly LayerSpec[], inputShape: Shape): number {
  const placement = placeNetwork(inputShape, layers)
  if ('network' in placement) {
    const shape = outputShape(placement.network)
    const [classes = 0] = shape
    if (shape.length === 1) return classes
    throw new ModelError(
      'model-output-not-classes',
      `architecture.json: the last layer gives ${showShape(shape)} a row: a classifier gives a vector with one logit a class`,
    )
  }
  // Dense layers that stand first on images get a flatten only when the network is inferred.
  const last = layers.findLast((layer) => 'units' in layer)
  return last && 'units' in last ? last.units : 0
}

function fromArchitecture(
  architecture: Architecture,
  { inputShape, classes }: ArchitectureContext,
): ReadArchitecture {
  if (inputShape === null)
    throw new ModelError(
      'input-shape-missing',
      'say with `inputShape` what one row is: inputShape=28,28,1 for images of height, width and channels, inputShape=13 for 13 features',
    )
  const { layers, preset } = architecture
  const logits = classes ?? (layers ? classesOf(layers, inputShape) : null)
  if (logits === null && preset !== undefined)
    throw new ModelError(
      'classes-missing',
      'say with `classes` how many classes the preset has, or with `classNames` which',
    )
  const inference = inferNetwork(architecture, inputShape, logits ?? 0, '')
  if ('issues' in inference)
    throw new ModelError(
      'architecture-not-valid',
      `architecture.json: ${inference.issues.map(({ pointer, message }) => `${pointer}: ${message}`).join('; ')}`,
    )
  return inference
}

/**
 * @param json content of architecture.json: `{ layers }` or `{ preset, … }` as in a job, or Keras' `model.to_json()`
 * @throws ModelError, or what `checkArchitecture` throws
 */
export function readArchitecture(json: unknown, context: ArchitectureContext): ReadArchitecture {
  const topology = topologyOf(json)
  if (topology !== undefined) return networkOfTopology(topology, context.inputShape)
  if (!isObject(json))
    throw new ModelError(
      'architecture-not-valid',
      `architecture.json holds ${shown(json)}: it must be { "layers": […] }, { "preset": … } or what model.to_json() of Keras gives`,
    )
  return fromArchitecture(context.checkArchitecture(json), context)
}
