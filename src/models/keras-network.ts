/** The layers of a Keras model as a network, without TensorFlow. */
import { completeLayer } from '../domain/complete-layer.ts'
import { LayerMisfit } from '../domain/layer-misfit.ts'
import type { LayerSpec } from '../domain/layers.ts'
import {
  elements,
  INPUT,
  type Layer,
  type Network,
  type PlacedLayer,
  type Shape,
  weightName,
} from '../domain/network.ts'
import { MAX_LAYER_ELEMENTS } from '../domain/place-network.ts'
import { placeLayer } from '../domain/shape-inference.ts'
import { readsRows } from '../domain/tokens.ts'
import { readInput } from './input-shape.ts'
import { type KerasLayer, mapLayer } from './keras-layer.ts'
import { layerName, snakeCase } from './layer-names.ts'
import type { MappedLayer } from './mapped-layer.ts'
import type { WantedWeight, WeightEntry } from './match-weights.ts'
import { ModelError } from './model-error.ts'
import type { Topology } from './topology.ts'

const MAX_LAYERS = 256

/** What a layer of the upload gives: under which name here, and of which shape. */
interface Output {
  readonly name: string
  readonly shape: Shape
}

function place(
  source: KerasLayer,
  name: string,
  spec: LayerSpec,
  inputs: readonly Output[],
): PlacedLayer {
  try {
    const shapes = inputs.map(({ shape }) => shape)
    const layer = completeLayer(spec, shapes[0] ?? [])
    const fit = placeLayer(layer, shapes)
    if (elements(fit.outputShape) <= MAX_LAYER_ELEMENTS)
      return { name, layer, inputs: inputs.map((input) => input.name), ...fit }
  } catch (error) {
    if (!(error instanceof LayerMisfit)) throw error
    throw source.fields.error('layer-does-not-fit', error.message)
  }
  throw source.fields.error(
    'layer-too-large',
    `its output has more than ${MAX_LAYER_ELEMENTS} numbers a row`,
  )
}

export interface KerasNetwork {
  /** Gives logits: a softmax at the end of the model is not part of it. */
  readonly network: Network
  readonly wanted: readonly WantedWeight[]
  readonly constants: readonly WeightEntry[]
  readonly notes: readonly string[]
}

/**
 * @param rowShape of the rows that the network is for; null: those that the model says
 * @throws ModelError with the place of the first thing that this service cannot run with the same numbers
 */
export function buildNetwork(topology: Topology, rowShape: Shape | null): KerasNetwork {
  const input = readInput(topology.nodes, topology.builtShape, rowShape)
  const notes = [...input.notes]
  const placed: PlacedLayer[] = []
  const wanted: WantedWeight[] = []
  const constants: WeightEntry[] = []
  const names = new Set([INPUT])
  let rows: Output = { name: INPUT, shape: input.shape }
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
    const fitted = place(source, name, spec, inputs)
    if (name !== source.name) notes.push(`${source.fields.where} is called ${name} here`)
    if (fitted.layer.type === 'embedding' && !readsRows(placed, fitted.inputs?.[0] ?? INPUT))
      throw source.fields.error('embedding-not-first', 'its input must be the rows themselves')
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

  if (input.reshaped) {
    const name = layerName('reshape_rows', names)
    names.add(name)
    const layer: Layer = { type: 'reshape', targetShape: input.reshaped }
    placed.push({ name, layer, inputs: [INPUT], ...placeLayer(layer, [input.shape]) })
    rows = { name, shape: input.reshaped }
  }
  const last = input.nodes.length - 1
  for (const [at, { layer: source, inputs }] of input.nodes.entries()) {
    // The input layer is the one whose output nobody has put into the map.
    const read = inputs.length === 0 ? [rows] : inputs.map((name) => outputs.get(name) ?? rows)
    const mapped = mapLayer(source, read[0]?.shape.length ?? 0)
    if (mapped.endsInSoftmax && at !== last)
      throw source.fields.error(
        'softmax-not-last',
        `a softmax is accepted only at the very end, where it is removed so that the network gives logits`,
      )
    if (mapped.endsInSoftmax)
      notes.push(`the softmax of ${source.fields.where} was removed: the network gives logits`)
    add(source, mapped, read)
  }
  if (placed.length === 0 || placed.length > MAX_LAYERS)
    throw new ModelError(
      'layer-count-not-supported',
      `the model has ${placed.length} layers, from 1 to ${MAX_LAYERS} are accepted`,
    )
  const end = placed.at(-1)?.layer
  if (end && 'activation' in end && end.activation !== 'linear')
    notes.push(`the model ends in ${end.activation}: what it gives is taken for logits as it is`)
  return { network: { inputShape: input.shape, layers: placed }, wanted, constants, notes }
}
