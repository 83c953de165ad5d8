/**
 * Protocol buffers by tables: a schema names the fields of a message, `encode` and `decode` follow it. Bytes that are too
 * many for memory may stand in a message as a {@link Stream}; the encoded message is then a list of parts.
 */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

/** Bytes that are made when they are sent. */
export interface Stream {
  readonly sizeBytes: number
  read(): AsyncIterable<Uint8Array>
}

type Scalar = 'string' | 'bytes' | 'bool' | 'int32' | 'int64' | 'uint64' | 'float' | 'double'

export interface Field {
  readonly id: number
  /** A function for a message, because messages contain each other. */
  readonly type: Scalar | (() => Schema)
  readonly repeated?: true
}
export type Schema = Readonly<Record<string, Field>>
/** A schema that has a field for every property of `Message`. */
export type SchemaOf<Message> = { readonly [Name in keyof Message]-?: Field }

export type Part = Uint8Array | Stream
export interface Encoded {
  readonly sizeBytes: number
  readonly parts: readonly Part[]
}

const WIRE_TYPES: Record<Scalar, WireType> = {
  string: WireType.LengthDelimited,
  bytes: WireType.LengthDelimited,
  bool: WireType.Varint,
  int32: WireType.Varint,
  int64: WireType.Varint,
  uint64: WireType.Varint,
  float: WireType.Bit32,
  double: WireType.Bit64,
}

const isPacked = ({ type, repeated }: Field): boolean =>
  repeated === true && typeof type === 'string' && type !== 'string' && type !== 'bytes'

const partSize = (part: Part): number => (part instanceof Uint8Array ? part.length : part.sizeBytes)

class Encoder {
  readonly #parts: Part[] = []
  #writer = new BinaryWriter()

  field({ id, type }: Field, value: unknown): void {
    if (typeof type !== 'string') {
      this.#writer.tag(id, WireType.LengthDelimited)
      this.#nested(encode(type(), value as object))
    } else if (type === 'bytes' && !(value instanceof Uint8Array)) {
      const stream = value as Stream
      this.#writer.tag(id, WireType.LengthDelimited)
      this.#nested({ sizeBytes: stream.sizeBytes, parts: [stream] })
    } else {
      this.#writer.tag(id, WIRE_TYPES[type])
      this.#writer[type](value as never)
    }
  }

  packed({ id, type }: Field, values: readonly unknown[]): void {
    if (values.length === 0) return
    this.#writer.tag(id, WireType.LengthDelimited).fork()
    for (const value of values) this.#writer[type as Scalar](value as never)
    this.#writer.join()
  }

  #nested({ sizeBytes, parts }: Encoded): void {
    this.#writer.uint32(sizeBytes)
    for (const part of parts)
      if (part instanceof Uint8Array) this.#writer.raw(part)
      else {
        this.#flush()
        this.#parts.push(part)
      }
  }

  #flush(): void {
    const bytes = this.#writer.finish()
    this.#writer = new BinaryWriter()
    if (bytes.length > 0) this.#parts.push(bytes)
  }

  finish(): Encoded {
    this.#flush()
    const sizeBytes = this.#parts.reduce((sum, part) => sum + partSize(part), 0)
    return { sizeBytes, parts: this.#parts }
  }
}

/** Fields in the order of the schema, those that are undefined left out: equal messages give equal bytes. */
export function encode<Message extends object>(
  schema: SchemaOf<Message> | Schema,
  message: Message,
): Encoded {
  const encoder = new Encoder()
  for (const [name, field] of Object.entries(schema) as [string, Field][]) {
    const value = (message as Record<string, unknown>)[name]
    if (value === undefined) continue
    if (isPacked(field)) encoder.packed(field, value as unknown[])
    else if (field.repeated) for (const one of value as unknown[]) encoder.field(field, one)
    else encoder.field(field, value)
  }
  return encoder.finish()
}

export async function* bytesOf({ parts }: Encoded): AsyncGenerator<Uint8Array> {
  for (const part of parts)
    if (part instanceof Uint8Array) yield part
    else yield* part.read()
}

function readValue(reader: BinaryReader, type: Field['type']): unknown {
  if (typeof type !== 'string') return decode(type(), reader.bytes())
  const value = reader[type]()
  return typeof value === 'bigint' || type === 'int64' || type === 'uint64' ? Number(value) : value
}

/**
 * Reads what `encode` writes and any other order of the same fields. Unknown fields are skipped; of a field that comes twice
 * the last counts. Bytes share memory with the input.
 * @throws Error when the bytes are not such a message
 */
export function decode<Message extends object>(
  schema: SchemaOf<Message> | Schema,
  bytes: Uint8Array,
): Message {
  const fields = new Map(
    (Object.entries(schema) as [string, Field][]).map(([name, field]) => [
      field.id,
      { name, field },
    ]),
  )
  const message: Record<string, unknown> = {}
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) {
    const [id, wireType] = reader.tag()
    const known = fields.get(id)
    if (!known) {
      reader.skip(wireType, id)
      continue
    }
    const { name, field } = known
    if (!field.repeated) message[name] = readValue(reader, field.type)
    else {
      const list = (message[name] ?? []) as unknown[]
      message[name] = list
      if (isPacked(field) && wireType === WireType.LengthDelimited) {
        const end = reader.uint32() + reader.pos
        while (reader.pos < end) list.push(readValue(reader, field.type))
      } else list.push(readValue(reader, field.type))
    }
  }
  return message as Message
}
