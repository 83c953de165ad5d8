/** Protocol buffer messages made by hand, right or wrong. */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

export type FieldValue = number | string | Uint8Array | readonly FieldValue[]

/** Pairs of field number and value: integers, text, bytes or messages; a list is a field that repeats. */
export function message(...fields: readonly (readonly [number, FieldValue])[]): Uint8Array {
  const writer = new BinaryWriter()
  const write = (number: number, value: FieldValue): void => {
    if (typeof value === 'number') writer.tag(number, WireType.Varint).int64(value)
    else if (typeof value === 'string') writer.tag(number, WireType.LengthDelimited).string(value)
    else if (value instanceof Uint8Array) writer.tag(number, WireType.LengthDelimited).bytes(value)
    else for (const one of value) write(number, one)
  }
  for (const [number, value] of fields) write(number, value)
  return writer.finish()
}
