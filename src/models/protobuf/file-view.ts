/** The fields of a message in a file that may be larger than memory: what is not asked for is not read. */
import type { FileHandle } from 'node:fs/promises'
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { damaged } from './read-fields.ts'

/** A tag and a length, or a tag and a varint, at most. */
const HEADER_BYTES = 20
const WINDOW_BYTES = 1 << 16

export interface FileField {
  readonly number: number
  readonly wireType: WireType
  /** Where its value lies in the file; of a message or text without the length before it. */
  readonly start: number
  readonly end: number
}

/** Bytes `[start, end)`, a view of them; only what lies in the file or message may be asked for. */
export interface ByteView {
  bytes(start: number, end: number): Promise<Uint8Array>
}

export const memoryView = (bytes: Uint8Array): ByteView => ({
  bytes: async (start, end) => bytes.subarray(start, end),
})

/** Reads ranges of a file; small ones that follow each other come from one read. */
export class FileView implements ByteView {
  readonly #file: FileHandle
  readonly sizeBytes: number
  #window: Uint8Array = new Uint8Array(0)
  #windowStart = 0

  constructor(file: FileHandle, sizeBytes: number) {
    this.#file = file
    this.sizeBytes = sizeBytes
  }

  async bytes(start: number, end: number): Promise<Uint8Array> {
    const windowEnd = this.#windowStart + this.#window.length
    if (start < this.#windowStart || end > windowEnd) {
      const length = Math.min(Math.max(end - start, WINDOW_BYTES), this.sizeBytes - start)
      const buffer = new Uint8Array(length)
      const { bytesRead } = await this.#file.read(buffer, 0, length, start)
      if (bytesRead < end - start) throw damaged('the file')
      this.#window = buffer.subarray(0, bytesRead)
      this.#windowStart = start
    }
    return this.#window.subarray(start - this.#windowStart, end - this.#windowStart)
  }
}

/**
 * The fields of the message that lies in `[start, end)`.
 * @param what begins the message of an error
 * @throws ModelError when the bytes are no message or a field reaches out of it
 */
export async function* fileFields(
  view: ByteView,
  { start, end }: Pick<FileField, 'start' | 'end'>,
  what: string,
): AsyncGenerator<FileField> {
  let position = start
  while (position < end) {
    const header = await view.bytes(position, Math.min(position + HEADER_BYTES, end))
    const field = readHeader(header, position, what)
    if (field.end > end) throw damaged(what, new RangeError('a field reaches beyond its end'))
    position = field.end
    yield field
  }
}

function readHeader(header: Uint8Array, position: number, what: string): FileField {
  try {
    const reader = new BinaryReader(header)
    const [number, wireType] = reader.tag()
    const lengthAt = reader.pos
    switch (wireType) {
      case WireType.Varint:
        reader.skip(wireType)
        return { number, wireType, start: position + lengthAt, end: position + reader.pos }
      case WireType.Bit32:
      case WireType.Bit64: {
        const start = position + lengthAt
        return { number, wireType, start, end: start + (wireType === WireType.Bit32 ? 4 : 8) }
      }
      case WireType.LengthDelimited: {
        const length = reader.uint32()
        const start = position + reader.pos
        return { number, wireType, start, end: start + length }
      }
      default:
        throw new RangeError(`wire type ${wireType}`)
    }
  } catch (error) {
    throw damaged(what, error)
  }
}
