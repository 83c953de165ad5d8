/** The protocol buffers of TensorFlow that a graph consists of, as tfjs-node brings them. */
import { createRequire } from 'node:module'
import { type Attribute, type HostValues, nativeBackend } from '../native-backend.ts'
import { CannotCompile } from './cannot-compile.ts'
import type { HostConstant } from './record.ts'

/** A message; which one is known by the functions that make it. */
type Message = Readonly<Record<`set${string}` | `add${string}`, (value: unknown) => void>> & {
  serializeBinary(): Uint8Array
  getAttrMap(): { set(name: string, value: Message): void }
}
type Constructor = new () => Message
type Messages = Record<
  'Tensor' | 'NodeDef' | 'GraphDef' | 'VersionDef' | 'SavedModel',
  Constructor
> & {
  AttrValue: Constructor & { ListValue: Constructor }
  TensorShape: Constructor & { Dim: Constructor }
  MetaGraphDef: Constructor & { MetaInfoDef: Constructor }
}
const messages = createRequire(import.meta.url)(
  '@tensorflow/tfjs-node/dist/proto/api_pb.js',
) as Messages

export type AttributeValue = Message
export type Node = Message

/** Of the GraphDef format: decides which of the removed behaviours TensorFlow still honours. That of TensorFlow 2.9. */
const PRODUCER = 1087
export const TAG = 'serve'

function make(Type: Constructor, fields: Readonly<Record<string, unknown>>): Message {
  const message = new Type()
  for (const [field, value] of Object.entries(fields))
    (message as Record<string, (value: unknown) => void>)[`set${field}`]?.(value)
  return message
}

/** −1 stands for a length that is only known when the graph runs. */
const tensorShape = (shape: readonly number[]): Message => {
  const { TensorShape } = messages
  return make(TensorShape, { DimList: shape.map((Size) => make(TensorShape.Dim, { Size })) })
}

const tensor = ({ shape, dtype, values }: HostConstant): Message =>
  make(messages.Tensor, {
    Dtype: dtype,
    TensorShape: tensorShape(shape),
    TensorContent: bytesOf(values),
  })

const bytesOf = (values: HostValues): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength)

const attribute = (field: string, value: unknown): AttributeValue =>
  make(messages.AttrValue, { [field]: value })

/** Attribute values by kind. */
export const attr = {
  type: (dtype: number) => attribute('Type', dtype),
  shape: (shape: readonly number[]) => attribute('Shape', tensorShape(shape)),
  integer: (value: number) => attribute('I', value),
  flag: (value: boolean) => attribute('B', value),
  text: (value: string) => attribute('S', new TextEncoder().encode(value)),
  tensor: (value: HostConstant) => attribute('Tensor', tensor(value)),
} as const

const list = (field: string, values: unknown): AttributeValue =>
  attribute('List', make(messages.AttrValue.ListValue, { [field]: values }))

/** @throws CannotCompile for a kind of attribute that is not known here */
export function recordedAttribute({ name, type, value }: Attribute, op: string): AttributeValue {
  const { binding } = nativeBackend()
  switch (type) {
    case binding.TF_ATTR_TYPE:
      return attribute('Type', value)
    case binding.TF_ATTR_BOOL:
      return attribute('B', Boolean(value))
    case binding.TF_ATTR_INT:
      return Array.isArray(value) ? list('IList', value) : attribute('I', value)
    case binding.TF_ATTR_FLOAT:
      return Array.isArray(value) ? list('FList', value) : attribute('F', value)
    case binding.TF_ATTR_STRING:
      return attr.text(String(value))
    case binding.TF_ATTR_SHAPE:
      return attribute('Shape', tensorShape(value as number[]))
    default:
      throw new CannotCompile(`${op} has an attribute ${name} of a kind (${type}) that is unknown`)
  }
}

export function node(
  name: string,
  op: string,
  inputs: readonly string[],
  attributes: Readonly<Record<string, AttributeValue>>,
): Node {
  const result = make(messages.NodeDef, { Name: name, Op: op, InputList: [...inputs] })
  for (const [key, value] of Object.entries(attributes)) result.getAttrMap().set(key, value)
  return result
}

/** The bytes of `saved_model.pb`. */
export function savedModel(nodes: readonly Node[]): Uint8Array {
  const { GraphDef, VersionDef, MetaGraphDef, SavedModel } = messages
  const graph = make(GraphDef, {
    NodeList: [...nodes],
    Versions: make(VersionDef, { Producer: PRODUCER }),
  })
  const meta = make(MetaGraphDef, {
    MetaInfoDef: make(MetaGraphDef.MetaInfoDef, { TagsList: [TAG] }),
    GraphDef: graph,
  })
  return make(SavedModel, { SavedModelSchemaVersion: 1, MetaGraphsList: [meta] }).serializeBinary()
}
