/** Messages of a SavedModel that are read here, with the numbers of their fields in TensorFlow's .proto files. */
import { readMessage, toBytes, toInteger, toText } from '../protobuf/read-fields.ts'
import type { Dimension } from '../rows-of-graph.ts'

/** DataType of TensorFlow. */
export const DT_FLOAT = 1

export interface TensorShape {
  /** Null: the rank is not said. */
  readonly sides: readonly Dimension[] | null
}

export interface NodeDef {
  readonly name: string
  readonly op: string
  /** `node`, `node:output` or `^node` in a graph; `argument`, `node:output:index` or `^node` in a function. */
  readonly inputs: readonly string[]
  /** Names of functions it calls. */
  readonly functions: readonly string[]
  /** Names of nodes it must stand beside. */
  readonly beside: readonly string[]
  /** Shapes that its attributes have: of a constant, a variable, a placeholder. */
  readonly shapes: readonly TensorShape[]
  /** Its attribute `shape`, of a variable; null when it has none. */
  readonly shape: TensorShape | null
  /** Its attribute `dtype`; 0 when it has none. */
  readonly type: number
  readonly bytes: Uint8Array
}

export interface FunctionDef {
  readonly name: string
  readonly arguments: readonly string[]
  readonly outputs: readonly string[]
  readonly nodes: readonly NodeDef[]
  /** What each output is, as nodes name their inputs. */
  readonly returns: ReadonlyMap<string, string>
  readonly bytes: Uint8Array
}

export interface SignatureTensor {
  /** `node:output` */
  readonly name: string
  readonly type: number
  readonly shape: readonly Dimension[] | null
}

export interface Signature {
  readonly inputs: ReadonlyMap<string, SignatureTensor>
  readonly outputs: ReadonlyMap<string, SignatureTensor>
}

export interface MetaGraph {
  readonly tags: readonly string[]
  readonly nodes: readonly NodeDef[]
  readonly functions: readonly FunctionDef[]
  /** VersionDef, as it came. */
  readonly versions: Uint8Array | null
  readonly signatures: ReadonlyMap<string, Signature>
  /** Names of the tensor with the path of the variables and of the operation that restores them; empty without variables. */
  readonly filename: string
  readonly restore: string
  readonly assets: number
}

/** One entry of a map field: key and the bytes of the value. */
function readEntry(bytes: Uint8Array, what: string): { key: string; value: Uint8Array } {
  let key = ''
  let value: Uint8Array = new Uint8Array(0)
  readMessage(bytes, what, {
    1: toText((text) => {
      key = text
    }),
    2: toBytes((part) => {
      value = part
    }),
  })
  return { key, value }
}

function readShape(bytes: Uint8Array, what: string): TensorShape {
  const sides: Dimension[] = []
  let known = true
  readMessage(bytes, what, {
    2: toBytes((part) => {
      let side: Dimension = 0
      readMessage(part, what, {
        1: toInteger((value) => {
          side = value < 0 ? null : value
        }),
      })
      sides.push(side)
    }),
    3: toInteger((value) => {
      known = value === 0
    }),
  })
  return { sides: known ? sides : null }
}

/** TensorShapeProto of a TensorProto. */
function readTensorShapes(bytes: Uint8Array, what: string): TensorShape[] {
  const shapes: TensorShape[] = []
  readMessage(bytes, what, { 2: toBytes((part) => shapes.push(readShape(part, what))) })
  return shapes
}

interface Attributes {
  readonly functions: string[]
  readonly beside: string[]
  readonly shapes: TensorShape[]
  shape: TensorShape | null
  type: number
}

function readAttribute(key: string, bytes: Uint8Array, what: string, into: Attributes): void {
  const keepFunction = toBytes((part) => {
    readMessage(part, what, {
      1: toText((name) => into.functions.push(name)),
      2: toBytes((entry) => {
        const inner = readEntry(entry, what)
        // What a function is instantiated with names functions and shapes as well; deeper is not done by exporters.
        readMessage(inner.value, what, {
          10: toBytes((name) => into.functions.push(readEntry(name, what).key)),
        })
      }),
    })
  })
  const keepShape = toBytes((part) => into.shapes.push(readShape(part, what)))
  const keepTensor = toBytes((part) => into.shapes.push(...readTensorShapes(part, what)))
  readMessage(bytes, what, {
    1: toBytes((list) =>
      readMessage(list, what, {
        2: toBytes((text) => {
          const place = new TextDecoder().decode(text)
          if (key === '_class' && place.startsWith('loc:@')) into.beside.push(place.slice(5))
        }),
        7: keepShape,
        8: keepTensor,
        9: keepFunction,
      }),
    ),
    6: toInteger((value) => {
      if (key === 'dtype') into.type = value
    }),
    7: toBytes((part) => {
      const shape = readShape(part, what)
      into.shapes.push(shape)
      if (key === 'shape') into.shape = shape
    }),
    8: keepTensor,
    10: keepFunction,
  })
}

export function readNodeDef(bytes: Uint8Array, where: string): NodeDef {
  const inputs: string[] = []
  const attributes: Attributes = { functions: [], beside: [], shapes: [], shape: null, type: 0 }
  let [name, op] = ['', '']
  readMessage(bytes, where, {
    1: toText((value) => {
      name = value
    }),
    2: toText((value) => {
      op = value
    }),
    3: toText((value) => inputs.push(value)),
    5: toBytes((part) => {
      const { key, value } = readEntry(part, where)
      readAttribute(key, value, where, attributes)
    }),
  })
  return { name, op, inputs, ...attributes, bytes }
}

/** Names of the ArgDefs in one field of an OpDef. */
const toArgument = (into: string[], what: string) =>
  toBytes((part) =>
    readMessage(part, what, {
      1: toText((name) => into.push(name)),
    }),
  )

function readFunction(bytes: Uint8Array): FunctionDef {
  const what = 'a function of the graph'
  let name = ''
  const inputs: string[] = []
  const outputs: string[] = []
  const nodes: NodeDef[] = []
  const returns = new Map<string, string>()
  readMessage(bytes, what, {
    1: toBytes((part) =>
      readMessage(part, what, {
        1: toText((value) => {
          name = value
        }),
        2: toArgument(inputs, what),
        3: toArgument(outputs, what),
      }),
    ),
    3: toBytes((part) => nodes.push(readNodeDef(part, what))),
    4: toBytes((part) => {
      const { key, value } = readEntry(part, what)
      returns.set(key, new TextDecoder().decode(value))
    }),
  })
  return { name, arguments: inputs, outputs, nodes, returns, bytes }
}

function readSignatureTensor(bytes: Uint8Array): SignatureTensor {
  const what = 'a signature'
  let name = ''
  let type = 0
  let shape: readonly Dimension[] | null = null
  readMessage(bytes, what, {
    1: toText((value) => {
      name = value
    }),
    2: toInteger((value) => {
      type = value
    }),
    3: toBytes((part) => {
      shape = readShape(part, what).sides
    }),
  })
  return { name, type, shape }
}

function readSignature(bytes: Uint8Array): Signature {
  const what = 'a signature'
  const inputs = new Map<string, SignatureTensor>()
  const outputs = new Map<string, SignatureTensor>()
  const toTensor = (into: Map<string, SignatureTensor>) =>
    toBytes((part) => {
      const { key, value } = readEntry(part, what)
      into.set(key, readSignatureTensor(value))
    })
  readMessage(bytes, what, { 1: toTensor(inputs), 2: toTensor(outputs) })
  return { inputs, outputs }
}

function readMetaGraph(bytes: Uint8Array): MetaGraph {
  const what = 'the graph of the SavedModel'
  const tags: string[] = []
  const nodes: NodeDef[] = []
  const functions: FunctionDef[] = []
  const signatures = new Map<string, Signature>()
  let versions: Uint8Array | null = null
  let [filename, restore, assets] = ['', '', 0]
  readMessage(bytes, what, {
    1: toBytes((part) => readMessage(part, what, { 4: toText((tag) => tags.push(tag)) })),
    2: toBytes((part) =>
      readMessage(part, what, {
        1: toBytes((node) => nodes.push(readNodeDef(node, 'a node of the graph'))),
        2: toBytes((library) =>
          readMessage(library, what, { 1: toBytes((one) => functions.push(readFunction(one))) }),
        ),
        4: toBytes((value) => {
          versions = value
        }),
      }),
    ),
    3: toBytes((part) =>
      readMessage(part, what, {
        1: toText((value) => {
          filename = value
        }),
        3: toText((value) => {
          restore = value
        }),
      }),
    ),
    5: toBytes((part) => {
      const { key, value } = readEntry(part, what)
      signatures.set(key, readSignature(value))
    }),
    6: toBytes(() => {
      assets++
    }),
  })
  return { tags, nodes, functions, versions, signatures, filename, restore, assets }
}

/** @throws ModelError when the bytes are no SavedModel */
export function readMetaGraphs(bytes: Uint8Array): MetaGraph[] {
  const graphs: MetaGraph[] = []
  readMessage(bytes, 'saved_model.pb', { 2: toBytes((part) => graphs.push(readMetaGraph(part))) })
  return graphs
}
