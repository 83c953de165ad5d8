/**
 * The messages of ONNX (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, field numbers included) that models of
 * dense tensors consist of. Fields are optional as in the format: a reader must not rely on any.
 */
import type { SchemaOf, Stream } from '../protobuf/message.ts'

/** `TensorProto.DataType`. */
export const DATA_TYPES = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
} as const

/** `AttributeProto.AttributeType`. */
export const ATTRIBUTE_TYPES = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
} as const

export interface StringStringEntryProto {
  readonly key?: string
  readonly value?: string
}

export interface TensorProto {
  readonly dims?: readonly number[]
  /** Of {@link DATA_TYPES}. */
  readonly dataType?: number
  readonly floatData?: readonly number[]
  readonly int32Data?: readonly number[]
  readonly stringData?: readonly Uint8Array[]
  readonly int64Data?: readonly number[]
  readonly name?: string
  /** Little-endian. */
  readonly rawData?: Uint8Array | Stream
  readonly doubleData?: readonly number[]
  readonly uint64Data?: readonly number[]
  readonly externalData?: readonly StringStringEntryProto[]
  /** 1: the numbers lie in another file. */
  readonly dataLocation?: number
}

export interface DimensionProto {
  readonly dimValue?: number
  /** Name of a length that is known only when the model runs. */
  readonly dimParam?: string
}
export interface TensorShapeProto {
  readonly dim?: readonly DimensionProto[]
}
export interface TensorTypeProto {
  /** Of {@link DATA_TYPES}. */
  readonly elemType?: number
  readonly shape?: TensorShapeProto
}
/** Other types than tensors (sequences, maps, optionals) have neither field. */
export interface TypeProto {
  readonly tensorType?: TensorTypeProto
}
export interface ValueInfoProto {
  readonly name?: string
  readonly type?: TypeProto
}

export interface AttributeProto {
  readonly name?: string
  readonly f?: number
  readonly i?: number
  readonly s?: Uint8Array
  readonly t?: TensorProto
  readonly g?: GraphProto
  readonly floats?: readonly number[]
  readonly ints?: readonly number[]
  readonly strings?: readonly Uint8Array[]
  readonly tensors?: readonly TensorProto[]
  readonly graphs?: readonly GraphProto[]
  /** Of {@link ATTRIBUTE_TYPES}. */
  readonly type?: number
}

export interface NodeProto {
  /** An empty name stands for an optional input that is left out. */
  readonly input?: readonly string[]
  readonly output?: readonly string[]
  readonly name?: string
  readonly opType?: string
  readonly attribute?: readonly AttributeProto[]
  /** Empty: the operators of ONNX itself. */
  readonly domain?: string
}

/** Its contents are not read; that there is one is. */
export interface SparseTensorProto {
  readonly dims?: readonly number[]
}

export interface GraphProto {
  readonly node?: readonly NodeProto[]
  readonly name?: string
  readonly initializer?: readonly TensorProto[]
  readonly input?: readonly ValueInfoProto[]
  readonly output?: readonly ValueInfoProto[]
  readonly valueInfo?: readonly ValueInfoProto[]
  readonly sparseInitializer?: readonly SparseTensorProto[]
}

export interface OperatorSetIdProto {
  readonly domain?: string
  readonly version?: number
}

/** A function of the model's own; its body is not read. */
export interface FunctionProto {
  readonly name?: string
}

export interface ModelProto {
  readonly irVersion?: number
  readonly producerName?: string
  readonly producerVersion?: string
  readonly domain?: string
  readonly modelVersion?: number
  readonly docString?: string
  readonly graph?: GraphProto
  readonly opsetImport?: readonly OperatorSetIdProto[]
  readonly metadataProps?: readonly StringStringEntryProto[]
  readonly functions?: readonly FunctionProto[]
}

const STRING_STRING_ENTRY: SchemaOf<StringStringEntryProto> = {
  key: { id: 1, type: 'string' },
  value: { id: 2, type: 'string' },
}

export const TENSOR: SchemaOf<TensorProto> = {
  dims: { id: 1, type: 'int64', repeated: true },
  dataType: { id: 2, type: 'int32' },
  floatData: { id: 4, type: 'float', repeated: true },
  int32Data: { id: 5, type: 'int32', repeated: true },
  stringData: { id: 6, type: 'bytes', repeated: true },
  int64Data: { id: 7, type: 'int64', repeated: true },
  name: { id: 8, type: 'string' },
  rawData: { id: 9, type: 'bytes' },
  doubleData: { id: 10, type: 'double', repeated: true },
  uint64Data: { id: 11, type: 'uint64', repeated: true },
  externalData: { id: 13, type: () => STRING_STRING_ENTRY, repeated: true },
  dataLocation: { id: 14, type: 'int32' },
}

const DIMENSION: SchemaOf<DimensionProto> = {
  dimValue: { id: 1, type: 'int64' },
  dimParam: { id: 2, type: 'string' },
}
const TENSOR_SHAPE: SchemaOf<TensorShapeProto> = {
  dim: { id: 1, type: () => DIMENSION, repeated: true },
}
const TENSOR_TYPE: SchemaOf<TensorTypeProto> = {
  elemType: { id: 1, type: 'int32' },
  shape: { id: 2, type: () => TENSOR_SHAPE },
}
const TYPE: SchemaOf<TypeProto> = { tensorType: { id: 1, type: () => TENSOR_TYPE } }
const VALUE_INFO: SchemaOf<ValueInfoProto> = {
  name: { id: 1, type: 'string' },
  type: { id: 2, type: () => TYPE },
}

const ATTRIBUTE: SchemaOf<AttributeProto> = {
  name: { id: 1, type: 'string' },
  f: { id: 2, type: 'float' },
  i: { id: 3, type: 'int64' },
  s: { id: 4, type: 'bytes' },
  t: { id: 5, type: () => TENSOR },
  g: { id: 6, type: () => GRAPH },
  floats: { id: 7, type: 'float', repeated: true },
  ints: { id: 8, type: 'int64', repeated: true },
  strings: { id: 9, type: 'bytes', repeated: true },
  tensors: { id: 10, type: () => TENSOR, repeated: true },
  graphs: { id: 11, type: () => GRAPH, repeated: true },
  type: { id: 20, type: 'int32' },
}

const NODE: SchemaOf<NodeProto> = {
  input: { id: 1, type: 'string', repeated: true },
  output: { id: 2, type: 'string', repeated: true },
  name: { id: 3, type: 'string' },
  opType: { id: 4, type: 'string' },
  attribute: { id: 5, type: () => ATTRIBUTE, repeated: true },
  domain: { id: 7, type: 'string' },
}

const SPARSE_TENSOR: SchemaOf<SparseTensorProto> = {
  dims: { id: 3, type: 'int64', repeated: true },
}

const GRAPH: SchemaOf<GraphProto> = {
  node: { id: 1, type: () => NODE, repeated: true },
  name: { id: 2, type: 'string' },
  initializer: { id: 5, type: () => TENSOR, repeated: true },
  input: { id: 11, type: () => VALUE_INFO, repeated: true },
  output: { id: 12, type: () => VALUE_INFO, repeated: true },
  valueInfo: { id: 13, type: () => VALUE_INFO, repeated: true },
  sparseInitializer: { id: 15, type: () => SPARSE_TENSOR, repeated: true },
}

const OPERATOR_SET_ID: SchemaOf<OperatorSetIdProto> = {
  domain: { id: 1, type: 'string' },
  version: { id: 2, type: 'int64' },
}
const FUNCTION: SchemaOf<FunctionProto> = { name: { id: 1, type: 'string' } }

export const MODEL: SchemaOf<ModelProto> = {
  irVersion: { id: 1, type: 'int64' },
  producerName: { id: 2, type: 'string' },
  producerVersion: { id: 3, type: 'string' },
  domain: { id: 4, type: 'string' },
  modelVersion: { id: 5, type: 'int64' },
  docString: { id: 6, type: 'string' },
  opsetImport: { id: 8, type: () => OPERATOR_SET_ID, repeated: true },
  metadataProps: { id: 14, type: () => STRING_STRING_ENTRY, repeated: true },
  functions: { id: 25, type: () => FUNCTION, repeated: true },
  graph: { id: 7, type: () => GRAPH },
}
