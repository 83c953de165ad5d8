/** Names, connections and shapes of the layers of a network; or the first thing that is wrong with them. */
import { completeLayer } from './complete-layer.ts'
import { LayerMisfit } from './layer-misfit.ts'
import type { LayerSpec } from './layers.ts'
import { elements, INPUT, type Network, type PlacedLayer, type Shape } from './network.ts'
import { placeLayer } from './shape-inference.ts'
import type { SpecIssue } from './spec-issue.ts'
import { readsRows } from './tokens.ts'

/** More activations for one row than this are refused at submit rather than at run time. */
export const MAX_LAYER_ELEMENTS = 50_000_000
/** A list of names that is still of help in a message. */
const MAX_LISTED = 20

export interface LayerFault extends Omit<SpecIssue, 'pointer'> {
  /** Of the layer at fault. */
  readonly position: number
  /** The part of it at fault, as the end of a JSON pointer. */
  readonly field?: string
}

function nameFault(names: readonly string[]): LayerFault | undefined {
  for (const [position, name] of names.entries()) {
    if (name === INPUT)
      return {
        position,
        field: 'name',
        code: 'reserved-layer-name',
        message: `\`${INPUT}\` is what the rows themselves are called; give the layer another name`,
      }
    if (names.indexOf(name) < position)
      return {
        position,
        field: 'name',
        code: 'duplicate-layer-name',
        message: `two layers are called ${name}`,
      }
  }
  return undefined
}

function inputFault(
  position: number,
  inputs: readonly string[],
  names: readonly string[],
): LayerFault | undefined {
  const known = [INPUT, ...names.slice(0, position)]
  const index = inputs.findIndex((name) => !known.includes(name))
  const name = inputs[index]
  if (name === undefined) return undefined
  const isLater = names.includes(name)
  return {
    position,
    field: `inputs/${index}`,
    code: isLater ? 'layer-comes-later' : 'unknown-layer',
    message: isLater
      ? `${name} does not come before ${names[position]}: a layer reads \`${INPUT}\` and layers earlier in the list`
      : `no layer is called ${name}`,
    ...(known.length <= MAX_LISTED ? { allowed: known } : {}),
  }
}

function unusedFault(layers: readonly PlacedLayer[]): LayerFault | undefined {
  const read = new Set(layers.flatMap(({ inputs = [] }) => inputs))
  const position = layers.findIndex(({ name }, at) => at < layers.length - 1 && !read.has(name))
  const unused = layers[position]
  return (
    unused && {
      position,
      code: 'layer-unused',
      message: `no layer reads ${unused.name}: name it in the \`inputs\` of a later layer, or leave it out`,
    }
  )
}

const tokensFault = (position: number, read: string): LayerFault => ({
  position,
  code: 'embedding-not-first',
  message: `embedding looks up token ids, which only the rows have, but it reads ${read}: put it first (a flatten or reshape may stand before it), or let it read \`${INPUT}\``,
})

function misfit(position: number, error: unknown): LayerFault {
  if (!(error instanceof LayerMisfit)) throw error
  const { field, message } = error
  return { position, ...(field ? { field } : {}), code: 'layer-does-not-fit', message }
}

/** @param inputShape of one row */
export function placeNetwork(
  inputShape: Shape,
  specs: readonly LayerSpec[],
): { readonly network: Network } | { readonly fault: LayerFault } {
  const names = specs.map(({ name, type }, position) => name ?? `${type}_${position + 1}`)
  const nameIssue = nameFault(names)
  if (nameIssue) return { fault: nameIssue }
  const layers: PlacedLayer[] = []
  const shapes = new Map<string, Shape>([[INPUT, inputShape]])
  for (const [position, spec] of specs.entries()) {
    const name = names[position] ?? spec.type
    const inputs = spec.inputs ?? [names[position - 1] ?? INPUT]
    const fault = inputFault(position, inputs, names)
    if (fault) return { fault }
    try {
      const read = inputs.map((from) => shapes.get(from) ?? [])
      const layer = completeLayer(spec, read[0] ?? [])
      const fit = placeLayer(layer, read)
      if (layer.type === 'embedding' && !readsRows(layers, inputs[0] ?? INPUT))
        return { fault: tokensFault(position, inputs[0] ?? '') }
      layers.push({ name, layer, inputs, ...fit })
      shapes.set(name, fit.outputShape)
      if (elements(fit.outputShape) > MAX_LAYER_ELEMENTS)
        return {
          fault: {
            position,
            code: 'layer-too-large',
            message: `its output has ${elements(fit.outputShape)} numbers a row`,
          },
        }
    } catch (error) {
      return { fault: misfit(position, error) }
    }
  }
  const fault = unusedFault(layers)
  return fault ? { fault } : { network: { inputShape, layers } }
}
