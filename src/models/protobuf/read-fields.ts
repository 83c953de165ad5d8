/** Fields of a protocol buffer message that nobody has checked: https://protobuf.dev/programming-guides/encoding/ */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { ModelError } from '../model-error.ts'

/** Reads the value of one field; must take exactly that. */
type ReadField = (reader: BinaryReader, wireType: WireType) => void

/** By field number; all other fields are skipped. */
export type FieldReaders = Readonly<Record<number, ReadField>>

export const damaged = (what: string, cause?: unknown): ModelError =>
  new ModelError(
    'protobuf-damaged',
    `${what} cannot be read: it is cut off, damaged or another kind of file (${
      cause instanceof Error ? cause.message.slice(0, 120) : 'a length or type is impossible'
    }). Export the model again and send the whole file`,
    { cause },
  )

/**
 * Gives each field of a message to its reader, in the order of the bytes.
 * @param what begins the message of an error, for example `node 3`
 * @throws ModelError when the bytes are no message, and whatever the readers throw
 */
export function readMessage(bytes: Uint8Array, what: string, readers: FieldReaders): void {
  const reader = new BinaryReader(bytes)
  try {
    while (reader.pos < reader.len) {
      const [number, wireType] = reader.tag()
      const read = readers[number]
      const start = reader.pos
      if (read) read(reader, wireType)
      else reader.skip(wireType, number)
      if (reader.pos <= start && wireType !== WireType.StartGroup)
        throw new RangeError('a field without bytes')
    }
  } catch (error) {
    if (error instanceof ModelError) throw error
    throw damaged(what, error)
  }
}

function requireType(found: WireType, wanted: WireType): void {
  if (found !== wanted) throw new RangeError(`wire type ${found} where ${wanted} is expected`)
}

/** An integer that JavaScript holds exactly. */
export function integer(reader: BinaryReader): number {
  const value = Number(reader.int64())
  if (!Number.isSafeInteger(value)) throw new RangeError('an integer beyond 2^53')
  return value
}

/** A field of one integer or truth value; the last one counts. */
export const toInteger =
  (keep: (value: number) => void): ReadField =>
  (reader, wireType) => {
    requireType(wireType, WireType.Varint)
    keep(integer(reader))
  }

export const toText =
  (keep: (value: string) => void): ReadField =>
  (reader, wireType) => {
    requireType(wireType, WireType.LengthDelimited)
    keep(reader.string(true))
  }

/** A field that is bytes or a message of its own; the bytes are a view. */
export const toBytes =
  (keep: (value: Uint8Array) => void): ReadField =>
  (reader, wireType) => {
    requireType(wireType, WireType.LengthDelimited)
    keep(reader.bytes())
  }

/** Each field of a message as it stands there, tag included; the message has been read before. */
export function* rawFields(bytes: Uint8Array): Generator<{ number: number; bytes: Uint8Array }> {
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) {
    const start = reader.pos
    const [number, wireType] = reader.tag()
    reader.skip(wireType, number)
    yield { number, bytes: bytes.subarray(start, reader.pos) }
  }
}
