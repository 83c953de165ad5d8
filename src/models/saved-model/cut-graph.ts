/** A SavedModel with nothing in it but what was checked: nodes and functions that are reached, and where its variables are. */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { rawFields } from '../protobuf/message.ts'
import type { FunctionDef, MetaGraph, NodeDef } from './messages.ts'

/** The tag under which the graph is loaded. */
export const SERVE = 'serve'

interface Part {
  readonly nodes: readonly NodeDef[]
  readonly functions: readonly FunctionDef[]
  /** Becomes an Identity: its input is what is wanted. */
  readonly softmax: NodeDef | undefined
}

const message = (writer: BinaryWriter, field: number, bytes: Uint8Array): BinaryWriter =>
  writer.tag(field, WireType.LengthDelimited).bytes(bytes)

/** Softmax and Identity have the same input and the same attribute `T`. */
function asIdentity(node: NodeDef): Uint8Array {
  const writer = new BinaryWriter()
  for (const { number, bytes } of rawFields(node.bytes)) if (number !== 2) writer.raw(bytes)
  return writer.tag(2, WireType.LengthDelimited).string('Identity').finish()
}

const withNodes = (
  bytes: Uint8Array,
  field: number,
  nodes: readonly NodeDef[],
  softmax: NodeDef,
) => {
  const writer = new BinaryWriter()
  for (const part of rawFields(bytes)) if (part.number !== field) writer.raw(part.bytes)
  for (const node of nodes) message(writer, field, node === softmax ? asIdentity(node) : node.bytes)
  return writer.finish()
}

function functionBytes(one: FunctionDef, softmax: NodeDef | undefined): Uint8Array {
  return softmax && one.nodes.includes(softmax)
    ? withNodes(one.bytes, 3, one.nodes, softmax)
    : one.bytes
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
