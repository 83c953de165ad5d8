/** The chain of layers in `modelTopology`, as tfjs, Keras 2 and Keras 3 write it. */
import { Fields, isObject, type JsonObject, property, shown } from './json-fields.ts'
import type { KerasLayer } from './keras-layer.ts'
import { ModelError, quoted } from './model-error.ts'

/** Raw layers, input included; a network has at most 256. */
const MAX_RAW_LAYERS = 300

export interface Topology {
  /** From input to output. */
  readonly chain: readonly KerasLayer[]
  /** `[batch, ...]` as written beside the layers, for a sequential model without an input layer. */
  readonly builtShape: unknown
}

const bad = (message: string): never => {
  throw new ModelError('model-topology-not-valid', message)
}

const RE_EXPORT =
  'Save the model with model.save() in TensorFlow.js, or convert the Keras file with tensorflowjs_converter --input_format=keras --output_format=tfjs_layers_model.'

function readLayer(raw: unknown, index: number): { layer: KerasLayer; raw: JsonObject } {
  if (!isObject(raw)) return bad(`model.json: layer ${index + 1} is ${shown(raw)}, not an object`)
  const className = property(raw, 'class_name')
  const config = property(raw, 'config')
  if (typeof className !== 'string')
    return bad(`model.json: layer ${index + 1} has no class_name (${shown(className)})`)
  if (!isObject(config))
    return bad(`model.json: layer ${index + 1} (${quoted(className)}) has no config object`)
  const name = property(raw, 'name') ?? property(config, 'name')
  if (typeof name !== 'string' || name === '' || name.length > 256)
    return bad(`model.json: layer ${index + 1} (${quoted(className)}) has no usable name`)
  const module = property(raw, 'module')
  const registered = property(raw, 'registered_name')
  const foreign = typeof module === 'string' && !/^(tf_)?keras(\.|$)/.test(module)
  if (foreign || (typeof registered === 'string' && registered.includes('>')))
    throw new ModelError(
      'layer-not-supported',
      `layer ${quoted(name)} (${quoted(className)}): it is a custom object (${quoted(foreign ? module : String(registered))}), whose code is not in the file; build the model from Keras' own layers`,
    )
  const where = `layer ${quoted(name)} (${quoted(className)})`
  return { layer: { name, className, fields: new Fields(config, where) }, raw }
}

/** Names of the layers whose outputs one call of a layer takes, or null when that is not readable. */
function callInputs(node: unknown): string[] | null {
  // Keras 3: { args: [tensor], kwargs: {} }, where a tensor says which layer made it.
  if (isObject(node)) {
    const args = property(node, 'args')
    const kwargs = property(node, 'kwargs')
    if (!Array.isArray(args) || (isObject(kwargs) && property(kwargs, 'training') === true))
      return null
    const inputs = args.map((argument: unknown) => {
      const config = isObject(argument) ? property(argument, 'config') : undefined
      return isObject(config) ? tensorOrigin(property(config, 'keras_history')) : null
    })
    return inputs.every((input) => input !== null) ? inputs : null
  }
  // tfjs and Keras 2: [[layer, call, output, kwargs], ...], or that one entry without the outer list.
  if (!Array.isArray(node)) return null
  const origins = (typeof node[0] === 'string' ? [node] : node).map((entry: unknown) => {
    const kwargs: unknown = Array.isArray(entry) ? entry[3] : undefined
    return isObject(kwargs) && property(kwargs, 'training') === true ? null : tensorOrigin(entry)
  })
  return origins.every((origin) => origin !== null) ? origins : null
}

/** `[layer, call, output]`; null unless it is the only output of the only call. */
const tensorOrigin = (value: unknown): string | null =>
  Array.isArray(value) && typeof value[0] === 'string' && value[1] === 0 && value[2] === 0
    ? value[0]
    : null

function endOf(config: JsonObject, key: 'input_layers' | 'output_layers'): string {
  const value = property(config, key)
  const ends = callInputs(value) ?? []
  const [only] = ends
  if (only !== undefined && ends.length === 1) return only
  throw new ModelError(
    'model-not-a-chain',
    `model.json: ${key} must name one layer but is ${shown(value)}; a model needs exactly one input and one output`,
  )
}

/** Follows the calls back from the output, so that each layer is met once and the order is that of the data. */
function orderFunctional(
  config: JsonObject,
  layers: readonly ReturnType<typeof readLayer>[],
): KerasLayer[] {
  const byName = new Map(layers.map((entry) => [entry.layer.name, entry]))
  const input = endOf(config, 'input_layers')
  const chain: KerasLayer[] = []
  const met = new Set<string>()
  let name = endOf(config, 'output_layers')
  for (;;) {
    const entry = byName.get(name)
    if (entry === undefined) return bad(`model.json: no layer is called ${quoted(name)}`)
    if (met.has(name)) return bad(`model.json: layer ${quoted(name)} is its own input`)
    met.add(name)
    chain.unshift(entry.layer)
    if (name === input) break
    const nodes = property(entry.raw, 'inbound_nodes')
    const inputs = Array.isArray(nodes) && nodes.length === 1 ? callInputs(nodes[0]) : null
    const [before] = inputs ?? []
    if (before === undefined || inputs?.length !== 1)
      throw new ModelError(
        'model-not-a-chain',
        `${entry.layer.fields.where}: it must take the output of exactly one layer, once, but ${inputs ? `takes ${inputs.length} inputs` : 'is shared, or is called in a way that cannot be read'}; accepted is a chain without branches`,
      )
    name = before
  }
  const astray = layers.find((entry) => !met.has(entry.layer.name))
  if (astray)
    throw new ModelError(
      'model-not-a-chain',
      `${astray.layer.fields.where}: it is not on the way from input ${quoted(input)} to the output; accepted is a chain without branches`,
    )
  return chain
}

/** @param modelTopology of model.json: `{ class_name, config }`, or that inside `model_config` */
export function readTopology(modelTopology: unknown): Topology {
  if (!isObject(modelTopology))
    return bad(
      `model.json: modelTopology is ${shown(modelTopology)}, so the file has weights only. ${RE_EXPORT}`,
    )
  const model = property(modelTopology, 'model_config') ?? modelTopology
  if (!isObject(model)) return bad(`model.json: model_config is ${shown(model)}, not an object`)
  const kind = property(model, 'class_name')
  if (kind !== 'Sequential' && kind !== 'Model' && kind !== 'Functional')
    throw new ModelError(
      'model-class-not-supported',
      `model.json: the model is of class ${shown(kind)}; accepted are Sequential, Functional and Model. ${RE_EXPORT}`,
    )
  const config = property(model, 'config')
  // Early versions of Keras wrote the layers of a sequential model without an object around them.
  const layers = isObject(config) ? property(config, 'layers') : config
  if (!Array.isArray(layers) || layers.length === 0)
    return bad(`model.json: the ${kind} model has no list of layers`)
  if (layers.length > MAX_RAW_LAYERS)
    return bad(`model.json: ${layers.length} layers, at most ${MAX_RAW_LAYERS} are allowed`)
  const read = layers.map(readLayer)
  const names = new Set<string>()
  for (const { layer } of read) {
    if (names.has(layer.name)) return bad(`model.json: two layers are called ${quoted(layer.name)}`)
    names.add(layer.name)
  }
  if (kind === 'Sequential')
    return {
      chain: read.map((entry) => entry.layer),
      builtShape: isObject(config) ? property(config, 'build_input_shape') : undefined,
    }
  if (!isObject(config)) return bad(`model.json: the ${kind} model has no config object`)
  return { chain: orderFunctional(config, read), builtShape: undefined }
}
