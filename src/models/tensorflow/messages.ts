/**
 * The messages of TensorFlow (tensorflow/core/protobuf and tensorflow/core/framework, field numbers included) that a
 * SavedModel with one frozen graph consists of.
 */
import type { SchemaOf, Stream } from '../protobuf/message.ts'

/** `DataType`. */
export const DATA_TYPES = { float32: 1, int32: 3, float16: 19 } as const

export interface TensorShapeProto {
  /** −1: known only when the graph runs. */
  readonly dim?: readonly { readonly size?: number }[]
}

export interface TensorProto {
  /** Of {@link DATA_TYPES}. */
  readonly dtype?: number
  readonly tensorShape?: TensorShapeProto
  /** Little-endian. */
  readonly tensorContent?: Uint8Array | Stream
}

interface ListValue {
  readonly i?: readonly number[]
}

export interface AttrValue {
  readonly s?: Uint8Array
  readonly i?: number
  readonly f?: number
  readonly b?: boolean
  readonly type?: number
  readonly shape?: TensorShapeProto
  readonly tensor?: TensorProto
  readonly list?: ListValue
}

interface AttrEntry {
  readonly key?: string
  readonly value?: AttrValue
}

export interface NodeDef {
  readonly name?: string
  readonly op?: string
  /** `name` is the first output of a node, `name:1` the second. */
  readonly input?: readonly string[]
  readonly attr?: readonly AttrEntry[]
}

interface VersionDef {
  readonly producer?: number
}

interface GraphDef {
  readonly node?: readonly NodeDef[]
  readonly versions?: VersionDef
}

export interface TensorInfo {
  readonly name?: string
  readonly dtype?: number
  readonly tensorShape?: TensorShapeProto
}
interface TensorInfoEntry {
  readonly key?: string
  readonly value?: TensorInfo
}
interface SignatureDef {
  readonly inputs?: readonly TensorInfoEntry[]
  readonly outputs?: readonly TensorInfoEntry[]
  readonly methodName?: string
}
interface SignatureEntry {
  readonly key?: string
  readonly value?: SignatureDef
}

interface MetaInfoDef {
  readonly tags?: readonly string[]
}
interface MetaGraphDef {
  readonly metaInfoDef?: MetaInfoDef
  readonly graphDef?: GraphDef
  readonly signatureDef?: readonly SignatureEntry[]
}
export interface SavedModelProto {
  readonly savedModelSchemaVersion?: number
  readonly metaGraphs?: readonly MetaGraphDef[]
}

const SHAPE: SchemaOf<TensorShapeProto> = {
  dim: { id: 2, type: () => ({ size: { id: 1, type: 'int64' } }), repeated: true },
}
const TENSOR: SchemaOf<TensorProto> = {
  dtype: { id: 1, type: 'int32' },
  tensorShape: { id: 2, type: () => SHAPE },
  tensorContent: { id: 4, type: 'bytes' },
}
const LIST: SchemaOf<ListValue> = { i: { id: 3, type: 'int64', repeated: true } }
const ATTR_VALUE: SchemaOf<AttrValue> = {
  list: { id: 1, type: () => LIST },
  s: { id: 2, type: 'bytes' },
  i: { id: 3, type: 'int64' },
  f: { id: 4, type: 'float' },
  b: { id: 5, type: 'bool' },
  type: { id: 6, type: 'int32' },
  shape: { id: 7, type: () => SHAPE },
  tensor: { id: 8, type: () => TENSOR },
}
const ATTR_ENTRY: SchemaOf<AttrEntry> = {
  key: { id: 1, type: 'string' },
  value: { id: 2, type: () => ATTR_VALUE },
}
const NODE: SchemaOf<NodeDef> = {
  name: { id: 1, type: 'string' },
  op: { id: 2, type: 'string' },
  input: { id: 3, type: 'string', repeated: true },
  attr: { id: 5, type: () => ATTR_ENTRY, repeated: true },
}
const VERSIONS: SchemaOf<VersionDef> = { producer: { id: 1, type: 'int32' } }
const GRAPH: SchemaOf<GraphDef> = {
  node: { id: 1, type: () => NODE, repeated: true },
  versions: { id: 4, type: () => VERSIONS },
}
const TENSOR_INFO: SchemaOf<TensorInfo> = {
  name: { id: 1, type: 'string' },
  dtype: { id: 2, type: 'int32' },
  tensorShape: { id: 3, type: () => SHAPE },
}
const TENSOR_INFO_ENTRY: SchemaOf<TensorInfoEntry> = {
  key: { id: 1, type: 'string' },
  value: { id: 2, type: () => TENSOR_INFO },
}
const SIGNATURE: SchemaOf<SignatureDef> = {
  inputs: { id: 1, type: () => TENSOR_INFO_ENTRY, repeated: true },
  outputs: { id: 2, type: () => TENSOR_INFO_ENTRY, repeated: true },
  methodName: { id: 3, type: 'string' },
}
const SIGNATURE_ENTRY: SchemaOf<SignatureEntry> = {
  key: { id: 1, type: 'string' },
  value: { id: 2, type: () => SIGNATURE },
}
const META_INFO: SchemaOf<MetaInfoDef> = { tags: { id: 4, type: 'string', repeated: true } }
const META_GRAPH: SchemaOf<MetaGraphDef> = {
  metaInfoDef: { id: 1, type: () => META_INFO },
  graphDef: { id: 2, type: () => GRAPH },
  signatureDef: { id: 5, type: () => SIGNATURE_ENTRY, repeated: true },
}
export const SAVED_MODEL: SchemaOf<SavedModelProto> = {
  savedModelSchemaVersion: { id: 1, type: 'int64' },
  metaGraphs: { id: 2, type: () => META_GRAPH, repeated: true },
}
