/** The layers in `modelTopology` and what each reads, as tfjs, Keras 2 and Keras 3 write it. */
import { Fields, isObject, type JsonObject, property, shown } from './json-fields.ts'
import { checkClass, type KerasLayer } from './keras-layer.ts'
import { ModelError, quoted } from './model-error.ts'

/** Raw layers, input included; a network has at most 256. */
const MAX_RAW_LAYERS = 300

export interface TopologyNode {
  readonly layer: KerasLayer
  /** Names of the layers whose outputs it takes; none for the first. */
  readonly inputs: readonly string[]
}

export interface Topology {
  /** Each after those it reads; the first takes the rows, the last gives the output. */
  readonly nodes: readonly TopologyNode[]
  /** `[batch, ...]` as written beside the layers, for a sequential model without an input layer. */
  readonly builtShape: unknown
}

const bad = (message: string, pointer = ''): never => {
  throw new ModelError('model-topology-not-valid', message, { pointer })
}

function readLayer(
  raw: unknown,
  index: number,
  pointer: string,
): { layer: KerasLayer; raw: JsonObject } {
  const number = `layer ${index + 1}`
  if (!isObject(raw)) return bad(`${number} is ${shown(raw)}, not an object`, pointer)
  const className = property(raw, 'class_name')
  const config = property(raw, 'config')
  if (typeof className !== 'string')
    return bad(`${number} has no class_name (${shown(className)})`, pointer)
  if (!isObject(config))
    return bad(`${number} (${quoted(className)}) has no config object`, pointer)
  const name = property(raw, 'name') ?? property(config, 'name')
  if (typeof name !== 'string' || name === '' || name.length > 256)
    return bad(`${number} (${quoted(className)}) has no usable name`, pointer)
  const module = property(raw, 'module')
  const registered = property(raw, 'registered_name')
  const foreign = typeof module === 'string' && !/^(tf_)?keras(\.|$)/.test(module)
  // A class of the user's own may be called as one of Keras', which have a module.
  const custom = typeof registered === 'string' && (module === null || registered.includes('>'))
  if (foreign || custom)
    throw new ModelError(
      'layer-not-supported',
      `layer ${quoted(name)} (${quoted(className)}): it is a custom object (${quoted(foreign ? module : String(registered))}), whose code is not in the file; build the model from Keras' own layers`,
      { pointer: `${pointer}/${foreign ? 'module' : 'registered_name'}` },
    )
  const where = `layer ${quoted(name)} (${quoted(className)})`
  const fields = new Fields(config, where, `${pointer}/config`)
  const layer = { name, className, fields, pointer }
  checkClass(layer)
  return { layer, raw }
}

/** Names of the layers whose outputs one call of a layer takes, or null when that is not readable. */
function callInputs(node: unknown): string[] | null {
  // Keras 3: { args: [tensor], kwargs: {} }, where a tensor says which layer made it.
  if (isObject(node)) {
    const args = property(node, 'args')
    const kwargs = property(node, 'kwargs')
    if (!Array.isArray(args) || (isObject(kwargs) && property(kwargs, 'training') === true))
      return null
    // One tensor, or for Add and Concatenate a list of them.
    const inputs = args.flat(1).map((argument: unknown) => {
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
    'model-wiring-not-supported',
    `${key} must name one layer but is ${shown(value)}; a model needs exactly one input and one output`,
    { pointer: `/config/${key}` },
  )
}

type RawLayer = ReturnType<typeof readLayer>

function readCall({ layer, raw }: RawLayer): string[] {
  const nodes = property(raw, 'inbound_nodes')
  const inputs = Array.isArray(nodes) && nodes.length === 1 ? callInputs(nodes[0]) : null
  if (inputs && inputs.length > 0) return inputs
  throw new ModelError(
    'model-wiring-not-supported',
    `${layer.fields.where}: it must take the outputs of other layers, in one call, but ${inputs ? 'takes none' : 'is shared, or is called in a way that cannot be read'}; accepted are models with one input whose layers are each called once`,
    { pointer: `${layer.pointer}/inbound_nodes` },
  )
}

/** The order of the list where that follows the data, as Keras writes it; otherwise the nearest that does. */
function inOrder(nodes: readonly TopologyNode[]): TopologyNode[] {
  const waiting = new Set(nodes)
  const done = new Set<string>()
  const ordered: TopologyNode[] = []
  while (waiting.size > 0) {
    const next = [...waiting].find(({ inputs }) => inputs.every((name) => done.has(name)))
    if (next === undefined) {
      const [stuck] = waiting
      return bad(`layer ${quoted(stuck?.layer.name ?? '')} is its own input`, stuck?.layer.pointer)
    }
    waiting.delete(next)
    done.add(next.layer.name)
    ordered.push(next)
  }
  return ordered
}

function orderFunctional(config: JsonObject, layers: readonly RawLayer[]): TopologyNode[] {
  const input = endOf(config, 'input_layers')
  const output = endOf(config, 'output_layers')
  const nodes = layers.map((entry) => ({
    layer: entry.layer,
    inputs: entry.layer.name === input ? [] : readCall(entry),
  }))
  const byName = new Map(nodes.map((node) => [node.layer.name, node]))
  const met = new Set<TopologyNode>()
  const follow = [input, output]
  for (const name of follow) {
    const node = byName.get(name)
    if (node === undefined) return bad(`no layer is called ${quoted(name)}`)
    if (met.has(node)) continue
    met.add(node)
    follow.push(...node.inputs)
  }
  const astray = nodes.find((node) => !met.has(node))
  if (astray)
    throw new ModelError(
      'model-wiring-not-supported',
      `${astray.layer.fields.where}: it is not on the way from input ${quoted(input)} to the output, which alone may be left unread`,
      { pointer: astray.layer.pointer },
    )
  return inOrder(nodes)
}

/** @param model `{ class_name, config }`, as `model.to_json()` gives it */
export function readTopology(model: unknown): Topology {
  if (!isObject(model)) return bad(`the model is ${shown(model)}, not an object`)
  const kind = property(model, 'class_name')
  if (kind !== 'Sequential' && kind !== 'Model' && kind !== 'Functional')
    throw new ModelError(
      'model-class-not-supported',
      `the model is of class ${shown(kind)}; accepted are Sequential, Functional and Model, with ordinary layers in them`,
      { pointer: Object.hasOwn(model, 'class_name') ? '/class_name' : '' },
    )
  const config = property(model, 'config')
  // Early versions of Keras wrote the layers of a sequential model without an object around them.
  const layers = isObject(config) ? property(config, 'layers') : config
  const place = isObject(config) ? '/config/layers' : '/config'
  if (!Array.isArray(layers) || layers.length === 0)
    return bad(`the ${kind} model has no list of layers`, '/config')
  if (layers.length > MAX_RAW_LAYERS)
    return bad(`${layers.length} layers, at most ${MAX_RAW_LAYERS} are allowed`, place)
  const read = layers.map((raw, index) => readLayer(raw, index, `${place}/${index}`))
  const names = new Set<string>()
  for (const { layer } of read) {
    if (names.has(layer.name))
      return bad(`two layers are called ${quoted(layer.name)}`, layer.pointer)
    names.add(layer.name)
  }
  if (kind === 'Sequential')
    return {
      nodes: read.map(({ layer }, at) => ({
        layer,
        inputs: read.slice(at - 1, at).map((before) => before.layer.name),
      })),
      builtShape: isObject(config) ? property(config, 'build_input_shape') : undefined,
    }
  if (!isObject(config)) return bad(`the ${kind} model has no config object`, '/config')
  return { nodes: orderFunctional(config, read), builtShape: undefined }
}
