/** The header of an IDX file: two zero bytes, the element type, the rank, and one big-endian uint32 a dimension. */
import type { ByteSource } from './byte-source.ts'
import { DatasetError } from './dataset-error.ts'
import { fileKind } from './file-kind.ts'

interface ElementType {
  readonly name: string
  readonly bytes: number
  readonly integer: boolean
  readonly read: (view: DataView, offset: number) => number
}

const TYPES: ReadonlyMap<number, ElementType> = new Map([
  [0x08, { name: 'uint8', bytes: 1, integer: true, read: (view, at) => view.getUint8(at) }],
  [0x09, { name: 'int8', bytes: 1, integer: true, read: (view, at) => view.getInt8(at) }],
  [0x0b, { name: 'int16', bytes: 2, integer: true, read: (view, at) => view.getInt16(at) }],
  [0x0c, { name: 'int32', bytes: 4, integer: true, read: (view, at) => view.getInt32(at) }],
  [0x0d, { name: 'float32', bytes: 4, integer: false, read: (view, at) => view.getFloat32(at) }],
  [0x0e, { name: 'float64', bytes: 8, integer: false, read: (view, at) => view.getFloat64(at) }],
])

const MAX_RANK = 4

export interface IdxHeader {
  readonly file: string
  readonly type: ElementType
  readonly dimensions: readonly number[]
  /** Of the data after the header. */
  readonly dataBytes: number
}

const hexadecimal = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

function checkMagic(magic: Uint8Array, head: Uint8Array, file: string): ElementType {
  if (magic.length === 0) throw new DatasetError('empty-file', `the ${file} file is empty`)
  const [zero, zeroToo, code = 0, rank = 0] = magic
  const type = TYPES.get(code)
  if (magic.length === 4 && zero === 0 && zeroToo === 0 && type && rank >= 1 && rank <= MAX_RANK)
    return type
  const kind = fileKind(head)
  throw new DatasetError(
    'not-idx',
    `the ${file} file is not IDX${kind ? ` but looks like ${kind}` : ''}: it begins with ${hexadecimal(magic)}, an IDX file with 0000, a type (08, 09, 0b to 0e) and a rank (01 to 04)`,
  )
}

/**
 * @param file     name for messages, "images" or "labels"
 * @param maxBytes of data; more are refused before any is read
 * @throws DatasetError
 */
export async function readIdxHeader(
  bytes: ByteSource,
  file: string,
  maxBytes: number,
): Promise<IdxHeader> {
  const head = await bytes.peek(8)
  const magic = await bytes.take(4)
  const type = checkMagic(magic, head, file)
  const rank = magic[3] ?? 0
  const sizes = await bytes.take(4 * rank)
  if (sizes.length < 4 * rank)
    throw new DatasetError(
      'truncated',
      `the ${file} file ends inside its header: expected ${4 + 4 * rank} bytes, got ${4 + sizes.length}`,
    )
  const view = new DataView(sizes.buffer, sizes.byteOffset, sizes.length)
  const dimensions = Array.from({ length: rank }, (_, axis) => view.getUint32(4 * axis))
  // Four uint32 overflow a float64, so the product is exact in BigInt.
  const dataBytes = dimensions.reduce((product, size) => product * BigInt(size), BigInt(type.bytes))
  const shape = dimensions.join(' x ')
  if (dataBytes === 0n)
    throw new DatasetError('no-rows', `the ${file} file declares ${shape} elements: it has no data`)
  if (dataBytes > BigInt(maxBytes))
    throw new DatasetError(
      'too-large',
      `the ${file} file declares ${shape} ${type.name} elements, ${dataBytes} bytes; at most ${maxBytes} are allowed`,
    )
  return { file, type, dimensions, dataBytes: Number(dataBytes) }
}

/**
 * The data after the header, in chunks of whole elements.
 *
 * @throws DatasetError when it is shorter or longer than the header says
 */
export async function* idxData(
  bytes: ByteSource,
  { file, type, dataBytes }: IdxHeader,
): AsyncGenerator<Uint8Array, void> {
  let open: Uint8Array = new Uint8Array(0)
  let got = 0
  for await (const chunk of bytes.rest()) {
    got += chunk.length
    if (got > dataBytes)
      throw new DatasetError(
        'trailing-bytes',
        `the ${file} file has more than the ${dataBytes} bytes of data that its header declares`,
      )
    const joined = open.length > 0 ? Buffer.concat([open, chunk]) : chunk
    const whole = joined.length - (joined.length % type.bytes)
    open = joined.subarray(whole)
    if (whole > 0) yield joined.subarray(0, whole)
  }
  if (got < dataBytes)
    throw new DatasetError(
      'truncated',
      `the ${file} file ends too early: its header declares ${dataBytes} bytes of data, got ${got}`,
    )
}
