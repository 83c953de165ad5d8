/** A TensorFlow.js layers model as a network and the list of its tensors, without TensorFlow. */
import { MAX_PARAMETERS } from '../domain/infer-network.ts'
import { type Network, outputShape, parameterCount, type Shape } from '../domain/network.ts'
import { withDepthMultipliers } from './depth-multiplier.ts'
import { isObject, property, shown } from './json-fields.ts'
import type { KerasLayer } from './keras-layer.ts'
import { buildNetwork } from './keras-network.ts'
import { matchWeights, type WeightEntry } from './match-weights.ts'
import { ModelError } from './model-error.ts'
import { readTopology } from './topology.ts'
import { readWeightsManifest } from './weights-manifest.ts'

export interface LayersModel {
  /** Gives logits: a softmax at the end of the upload is not part of it. */
  readonly network: Network
  /** In the order of the bytes in the shards; constants last. */
  readonly tensors: readonly WeightEntry[]
  /** What was changed for the client, in words. */
  readonly notes: readonly string[]
}

function checkFormat(modelJson: unknown): asserts modelJson is Readonly<Record<string, unknown>> {
  if (!isObject(modelJson))
    throw new ModelError(
      'model-json-not-valid',
      `model.json holds ${shown(modelJson)}, not an object`,
    )
  const format = property(modelJson, 'format')
  const topology = property(modelJson, 'modelTopology')
  if (format === 'graph-model' || (isObject(topology) && Object.hasOwn(topology, 'node')))
    throw new ModelError(
      'graph-model-not-supported',
      'model.json is a TensorFlow.js graph model, which has operations instead of layers. Convert the original Keras model again with tensorflowjs_converter --output_format=tfjs_layers_model',
    )
  if (format !== undefined && format !== null && format !== 'layers-model')
    throw new ModelError(
      'model-format-not-supported',
      `model.json has format ${shown(format)}; accepted is "layers-model"`,
    )
}

const RE_EXPORT =
  'Save the model with model.save() in TensorFlow.js, or convert the Keras file with tensorflowjs_converter --input_format=keras --output_format=tfjs_layers_model.'

/** `{ class_name, config }`, which stands in `modelTopology`, or inside `model_config` of it. */
export function modelOf(modelJson: Readonly<Record<string, unknown>>): unknown {
  const topology = property(modelJson, 'modelTopology')
  if (isObject(topology)) return property(topology, 'model_config') ?? topology
  throw new ModelError(
    'model-topology-not-valid',
    `model.json: modelTopology is ${shown(topology)}, so the file has weights only. ${RE_EXPORT}`,
  )
}

function checkOutput(network: Network, last: KerasLayer | undefined): void {
  const output = outputShape(network)
  const where = last?.fields.where ?? 'model.json'
  if (output.length !== 1)
    throw new ModelError(
      'output-is-not-classes',
      `${where}: the model gives [${output.join(', ')}] a row; a classifier must give a vector with one logit a class: end it with a Dense layer`,
    )
  if ((output[0] ?? 0) < 2)
    throw new ModelError(
      'output-is-not-classes',
      `${where}: the model gives one number a row; a classifier must give one logit a class, so at least 2. For two classes end it with Dense(2)`,
    )
  if (parameterCount(network) > MAX_PARAMETERS)
    throw new ModelError(
      'too-many-parameters',
      `model.json: the model has ${parameterCount(network)} parameters, at most ${MAX_PARAMETERS} are allowed`,
    )
}

/**
 * The layers of Keras' `model.to_json()`, without weights.
 *
 * @param inputShape of one row; stands in where no layer says it
 * @throws ModelError for anything that this service cannot run with the same numbers
 */
export function networkOfTopology(
  model: unknown,
  inputShape: Shape | null,
): Pick<LayersModel, 'network' | 'notes'> {
  const topology = readTopology(model)
  const { network, notes } = buildNetwork(topology, inputShape)
  checkOutput(network, topology.nodes.at(-1)?.layer)
  return { network, notes }
}

/**
 * Reads `model.json` of a tfjs layers model: sequential or functional, Keras 2 or 3, with branches that are added or
 * concatenated.
 *
 * @param modelJson as parsed; nothing about it is trusted
 * @throws ModelError for anything that this service cannot run with the same numbers
 */
export function readLayersModel(modelJson: unknown): LayersModel {
  checkFormat(modelJson)
  const saved = readWeightsManifest(property(modelJson, 'weightsManifest'))
  const topology = withDepthMultipliers(readTopology(modelOf(modelJson)), saved)
  const { network, wanted, constants, notes } = buildNetwork(topology, null)
  checkOutput(network, topology.nodes.at(-1)?.layer)
  const stored = matchWeights(wanted, saved)
  const skipped = stored.filter((entry) => entry.kind === 'skipped').length
  return {
    network,
    tensors: [...stored, ...constants],
    notes: skipped === 0 ? notes : [...notes, `${skipped} tensors of training state were left out`],
  }
}
