/** A SavedModel with nothing in it but what was checked: nodes and functions that are reached, and where its variables are. */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { rawFields } from '../protobuf/read-fields.ts'
import type { FunctionDef, MetaGraph, NodeDef } from './messages.ts'

/** The tag under which the graph is loaded. */
export const SERVE = 'serve'

/** Fields of NodeDef and FunctionDef. */
const OP = 2
const INPUT = 3
const NODES = 3
const RETURNS = 4

interface Part {
  readonly nodes: readonly NodeDef[]
  readonly functions: readonly FunctionDef[]
  /** Becomes an Identity: its input is what is wanted. */
  readonly softmax: NodeDef | undefined
}

const message = (writer: BinaryWriter, field: number, bytes: Uint8Array): BinaryWriter =>
  writer.tag(field, WireType.LengthDelimited).bytes(bytes)

const text = (writer: BinaryWriter, field: number, value: string): BinaryWriter =>
  writer.tag(field, WireType.LengthDelimited).string(value)

/** Softmax and Identity have the same input and the same attribute `T`. */
function asIdentity(node: NodeDef): Uint8Array {
  const writer = new BinaryWriter()
  for (const { number, bytes } of rawFields(node.bytes)) if (number !== OP) writer.raw(bytes)
  return text(writer, OP, 'Identity').finish()
}

/** In a function, what reads an output names it: `node:softmax:0`, but `node:output:0` of an Identity. */
function functionBytes(one: FunctionDef, softmax: NodeDef | undefined): Uint8Array {
  if (!softmax || !one.nodes.includes(softmax)) return one.bytes
  const renamed = (input: string): string =>
    input === `${softmax.name}:softmax:0` ? `${softmax.name}:output:0` : input
  const writer = new BinaryWriter()
  for (const part of rawFields(one.bytes))
    if (part.number !== NODES && part.number !== RETURNS) writer.raw(part.bytes)
  for (const node of one.nodes)
    message(writer, NODES, node === softmax ? asIdentity(node) : withInputs(node, renamed))
  for (const [key, input] of one.returns) {
    const entry = text(new BinaryWriter(), 1, key)
    message(writer, RETURNS, text(entry, 2, renamed(input)).finish())
  }
  return writer.finish()
}

function withInputs(node: NodeDef, renamed: (input: string) => string): Uint8Array {
  if (node.inputs.every((input) => renamed(input) === input)) return node.bytes
  const writer = new BinaryWriter()
  for (const { number, bytes } of rawFields(node.bytes)) if (number !== INPUT) writer.raw(bytes)
  for (const input of node.inputs) text(writer, INPUT, renamed(input))
  return writer.finish()
}

/** The bytes of a `saved_model.pb`. */
export function cutGraph({ versions, filename, restore }: MetaGraph, part: Part): Uint8Array {
  const { nodes, functions, softmax } = part
  const library = new BinaryWriter()
  for (const one of functions) message(library, 1, functionBytes(one, softmax))
  const graph = new BinaryWriter()
  for (const node of nodes) message(graph, 1, node === softmax ? asIdentity(node) : node.bytes)
  message(graph, 2, library.finish())
  if (versions) message(graph, 4, versions)
  const info = new BinaryWriter().tag(4, WireType.LengthDelimited).string(SERVE)
  const meta = new BinaryWriter()
  message(meta, 1, info.finish())
  message(meta, 2, graph.finish())
  if (restore !== '') {
    const saver = new BinaryWriter()
    saver.tag(1, WireType.LengthDelimited).string(filename)
    saver.tag(3, WireType.LengthDelimited).string(restore)
    saver.tag(7, WireType.Varint).int32(2)
    message(meta, 3, saver.finish())
  }
  const model = new BinaryWriter().tag(1, WireType.Varint).int64(1)
  return message(model, 2, meta.finish()).finish()
}
