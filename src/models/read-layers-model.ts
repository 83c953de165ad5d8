/** A TensorFlow.js layers model as a network and the list of its tensors, without TensorFlow. */

import { completeLayer } from '../domain/complete-layer.ts'
import { MAX_PARAMETERS } from '../domain/infer-network.ts'
import { LayerMisfit } from '../domain/layer-misfit.ts'
import {
  elements,
  INPUT,
  type Layer,
  type Network,
  outputShape,
  type PlacedLayer,
  parameterCount,
  type Shape,
  weightName,
} from '../domain/network.ts'
import { MAX_LAYER_ELEMENTS } from '../domain/place-network.ts'
import { placeLayer } from '../domain/shape-inference.ts'
import { readInput } from './input-shape.ts'
import { isObject, property, shown } from './json-fields.ts'
import { type KerasLayer, mapLayer } from './keras-layer.ts'
import { layerName, snakeCase } from './layer-names.ts'
import type { MappedLayer } from './mapped-layer.ts'
import { matchWeights, type WantedWeight, type WeightEntry } from './match-weights.ts'
import { ModelError } from './model-error.ts'
import { readTopology } from './topology.ts'
import { readWeightsManifest } from './weights-manifest.ts'

const MAX_LAYERS = 256

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

/** What a layer of the upload gives: under which name here, and of which shape. */
interface Output {
  readonly name: string
  readonly shape: Shape
}

function place(
  source: KerasLayer,
  name: string,
  layer: Layer,
  inputs: readonly Output[],
): PlacedLayer {
  try {
    const fit = placeLayer(
      layer,
      inputs.map(({ shape }) => shape),
    )
    if (elements(fit.outputShape) <= MAX_LAYER_ELEMENTS)
      return { name, layer, inputs: inputs.map((input) => input.name), ...fit }
  } catch (error) {
    if (!(error instanceof LayerMisfit)) throw error
    throw new ModelError('layer-does-not-fit', `${source.fields.where}: ${error.message}`)
  }
  throw new ModelError(
    'layer-too-large',
    `${source.fields.where}: its output has more than ${MAX_LAYER_ELEMENTS} numbers a row`,
  )
}

interface Built {
  readonly network: Network
  readonly wanted: readonly WantedWeight[]
  readonly constants: readonly WeightEntry[]
  readonly notes: readonly string[]
}

function build(topology: ReturnType<typeof readTopology>): Built {
  const input = readInput(topology.nodes, topology.builtShape)
  const notes = [...input.notes]
  const placed: PlacedLayer[] = []
  const wanted: WantedWeight[] = []
  const constants: WeightEntry[] = []
  const names = new Set([INPUT])
  const rows: Output = { name: INPUT, shape: input.shape }
  const outputs = new Map<string, Output>()
  const folders = new Map<string, number>()

  const add = (
    source: KerasLayer,
    { spec, constants: fixed }: MappedLayer,
    inputs: readonly Output[],
  ): void => {
    // Keras 3 numbers the folders of a class from 0 and writes no 0.
    const snake = snakeCase(source.className)
    const number = folders.get(snake) ?? 0
    folders.set(snake, number + 1)
    if (spec === null) return
    const name = layerName(source.name, names)
    names.add(name)
    const fitted = place(source, name, completeLayer(spec), inputs)
    if (name !== source.name) notes.push(`${source.fields.where} is called ${name} here`)
    placed.push(fitted)
    outputs.set(source.name, { name, shape: fitted.outputShape })
    let index = 0
    for (const weight of fitted.weights) {
      const value = fixed.get(weight.name)
      const target = weightName(name, weight.name)
      if (value !== undefined)
        constants.push({ kind: 'constant', name: target, shape: weight.shape, value })
      else
        wanted.push({
          name: target,
          kind: weight.name,
          shape: weight.shape,
          kerasLayer: source.name,
          folder: number === 0 ? snake : `${snake}_${number}`,
          index: index++,
        })
    }
  }

  const last = input.nodes.length - 1
  for (const [at, { layer: source, inputs }] of input.nodes.entries()) {
    // The input layer is the one whose output nobody has put into the map.
    const read = inputs.length === 0 ? [rows] : inputs.map((name) => outputs.get(name) ?? rows)
    const mapped = mapLayer(source, read[0]?.shape.length ?? 0)
    if (mapped.endsInSoftmax && at !== last)
      throw new ModelError(
        'softmax-not-last',
        `${source.fields.where}: a softmax is accepted only at the very end, where it is removed so that the network gives logits`,
      )
    if (mapped.endsInSoftmax)
      notes.push(`the softmax of ${source.fields.where} was removed: the network gives logits`)
    add(source, mapped, read)
  }
  if (placed.length === 0 || placed.length > MAX_LAYERS)
    throw new ModelError(
      'layer-count-not-supported',
      `model.json: the model has ${placed.length} layers, from 1 to ${MAX_LAYERS} are accepted`,
    )
  const end = placed.at(-1)?.layer
  if (end && 'activation' in end && end.activation !== 'linear')
    notes.push(`the model ends in ${end.activation}: what it gives is taken for logits as it is`)
  return { network: { inputShape: input.shape, layers: placed }, wanted, constants, notes }
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
 * Reads `model.json` of a tfjs layers model: sequential or functional, Keras 2 or 3, with branches that are added or
 * concatenated.
 *
 * @param modelJson as parsed; nothing about it is trusted
 * @throws ModelError for anything that this service cannot run with the same numbers
 */
export function readLayersModel(modelJson: unknown): LayersModel {
  checkFormat(modelJson)
  const topology = readTopology(property(modelJson, 'modelTopology'))
  const { network, wanted, constants, notes } = build(topology)
  checkOutput(network, topology.nodes.at(-1)?.layer)
  const stored = matchWeights(wanted, readWeightsManifest(property(modelJson, 'weightsManifest')))
  const skipped = stored.filter((entry) => entry.kind === 'skipped').length
  return {
    network,
    tensors: [...stored, ...constants],
    notes: skipped === 0 ? notes : [...notes, `${skipped} tensors of training state were left out`],
  }
}
