/** Messages of onnx.proto that are read here, with the numbers of their fields: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */

import { readMessage, toBytes, toInteger, toText } from '../protobuf/read-fields.ts'
import type { Dimension } from '../rows-of-graph.ts'

export interface OnnxAttribute {
  readonly name: string
  /** 0 when absent. */
  readonly integer: number
  /** TensorProtos. */
  readonly tensors: readonly Uint8Array[]
  /** Whether it holds what is not read here: a graph, a sparse tensor, a reference to a function's attribute. */
  readonly foreign: string | null
}

export interface OnnxNode {
  readonly name: string
  readonly type: string
  readonly domain: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: readonly OnnxAttribute[]
}

export interface OnnxValue {
  readonly name: string
  /** TensorProto.DataType; 0 where it is not said or no tensor. */
  readonly elementType: number
  /** Null where the shape is not said. */
  readonly shape: readonly Dimension[] | null
}

const FOREIGN_FIELDS: Readonly<Record<number, string>> = {
  6: 'a graph',
  11: 'graphs',
  14: 'a type',
  15: 'types',
  21: 'a reference to an attribute of a function',
  22: 'a sparse tensor',
  23: 'sparse tensors',
}

function readAttribute(bytes: Uint8Array, what: string): OnnxAttribute {
  let name = ''
  let integer = 0
  let foreign: string | null = null
  const tensors: Uint8Array[] = []
  const keepTensor = toBytes((value) => tensors.push(value))
  const refuse = Object.fromEntries(
    Object.entries(FOREIGN_FIELDS).map(([number, words]) => [
      number,
      toBytes(() => {
        foreign = words
      }),
    ]),
  )
  readMessage(bytes, what, {
    ...refuse,
    1: toText((value) => {
      name = value
    }),
    3: toInteger((value) => {
      integer = value
    }),
    5: keepTensor,
    10: keepTensor,
  })
  return { name, integer, tensors, foreign }
}

export function readNode(bytes: Uint8Array, what: string): OnnxNode {
  const inputs: string[] = []
  const outputs: string[] = []
  const attributes: OnnxAttribute[] = []
  let [name, type, domain] = ['', '', '']
  readMessage(bytes, what, {
    1: toText((value) => inputs.push(value)),
    2: toText((value) => outputs.push(value)),
    3: toText((value) => {
      name = value
    }),
    4: toText((value) => {
      type = value
    }),
    5: toBytes((value) => attributes.push(readAttribute(value, `an attribute of ${what}`))),
    7: toText((value) => {
      domain = value
    }),
  })
  return { name, type, domain, inputs, outputs, attributes }
}

function readDimension(bytes: Uint8Array, what: string): Dimension {
  let size: Dimension = null
  readMessage(bytes, what, {
    1: toInteger((value) => {
      size = value
    }),
    2: toText(() => {
      size = null
    }),
  })
  return size
}

function readTensorType(
  bytes: Uint8Array,
  what: string,
): { elementType: number; shape: Dimension[] | null } {
  let elementType = 0
  let shape: Dimension[] | null = null
  readMessage(bytes, what, {
    1: toInteger((value) => {
      elementType = value
    }),
    2: toBytes((value) => {
      const dimensions: Dimension[] = []
      readMessage(value, what, {
        1: toBytes((dimension) => dimensions.push(readDimension(dimension, what))),
      })
      shape = dimensions
    }),
  })
  return { elementType, shape }
}

/** A ValueInfoProto. */
export function readValue(bytes: Uint8Array, what: string): OnnxValue {
  let name = ''
  let type: ReturnType<typeof readTensorType> = { elementType: 0, shape: null }
  readMessage(bytes, what, {
    1: toText((value) => {
      name = value
    }),
    2: toBytes((value) =>
      readMessage(value, what, {
        1: toBytes((tensor) => {
          type = readTensorType(tensor, what)
        }),
      }),
    ),
  })
  return { name, ...type }
}

export function readOpset(bytes: Uint8Array): { domain: string; version: number } {
  let domain = ''
  let version = 0
  readMessage(bytes, 'an opset import', {
    1: toText((value) => {
      domain = value
    }),
    2: toInteger((value) => {
      version = value
    }),
  })
  return { domain, version }
}
