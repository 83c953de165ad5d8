/** The numbers of one tensor of a file as float32, in pieces. */
import { createReadStream } from 'node:fs'
import { type Shape, showShape } from '../../domain/network.ts'
import { ModelError, quoted } from '../model-error.ts'
import type { Dtype, FileTensor } from './read-index.ts'

type FloatType = Extract<Dtype, 'F64' | 'F32' | 'F16' | 'BF16'>

interface Decoder {
  readonly bytes: number
  /** @param numbers whole, at an aligned place */
  readonly decode: (numbers: ArrayBuffer) => Float32Array
}

function decodeBfloat16(numbers: ArrayBuffer): Float32Array {
  const high = new Uint16Array(numbers)
  // The upper half of a float32.
  return new Float32Array(Uint32Array.from(high, (half) => half << 16).buffer)
}

const DECODERS: Readonly<Record<FloatType, Decoder>> = {
  F64: { bytes: 8, decode: (numbers) => Float32Array.from(new Float64Array(numbers)) },
  F32: { bytes: 4, decode: (numbers) => new Float32Array(numbers) },
  F16: { bytes: 2, decode: (numbers) => Float32Array.from(new Float16Array(numbers)) },
  BF16: { bytes: 2, decode: decodeBfloat16 },
}

export const isFloat = (dtype: Dtype): dtype is FloatType => Object.hasOwn(DECODERS, dtype)

const PIECE_BYTES = 1 << 18

/** Row-major position of one number, as indices. */
function indicesOf(flat: number, shape: Shape): string {
  let rest = flat
  const indices = shape.toReversed().map((side) => {
    const index = rest % side
    rest = Math.floor(rest / side)
    return index
  })
  return showShape(indices.reverse())
}

/** Bytes in pieces that end where a number ends. */
async function* wholeNumbers(
  source: AsyncIterable<Uint8Array>,
  bytes: number,
): AsyncGenerator<ArrayBuffer> {
  let rest: Uint8Array = new Uint8Array()
  for await (const chunk of source) {
    const joined = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    const whole = joined.length - (joined.length % bytes)
    rest = joined.subarray(whole)
    // A copy: pieces of a stream share memory and lie anywhere in it.
    if (whole > 0) yield new Uint8Array(joined.subarray(0, whole)).buffer
  }
}

/**
 * Numbers of a little-endian stream as float32.
 * @param dtype of the stream
 */
export async function* decodeNumbers(
  source: AsyncIterable<Uint8Array>,
  dtype: FloatType,
): AsyncGenerator<Float32Array> {
  const { bytes, decode } = DECODERS[dtype]
  for await (const numbers of wholeNumbers(source, bytes)) yield decode(numbers)
}

/** @throws ModelError when the tensor is not of floats */
export function decoderOf({ name, dtype }: FileTensor): Decoder {
  if (isFloat(dtype)) return DECODERS[dtype]
  throw new ModelError(
    'weights-dtype-not-supported',
    `tensor ${quoted(name)} is of type ${dtype}; weights must be F32, F16, BF16 or F64`,
  )
}

/** @param index of the number in the tensor, row-major */
export const notFinite = ({ name, shape }: FileTensor, index: number): ModelError =>
  new ModelError(
    'weight-not-finite',
    `tensor ${quoted(name)} is NaN or infinite in float32 at ${indicesOf(index, shape)}: such a model predicts nothing. Train it again with a smaller learning rate, and save it before it diverges`,
  )

/**
 * @throws ModelError when the tensor is not of floats, or a number is NaN or infinite, or becomes so as float32
 */
export async function* tensorNumbers(
  path: string,
  tensor: FileTensor,
): AsyncGenerator<Float32Array> {
  const { begin, end } = tensor
  const { bytes, decode } = decoderOf(tensor)
  if (end === begin) return
  const source = createReadStream(path, { start: begin, end: end - 1, highWaterMark: PIECE_BYTES })
  let done = 0
  for await (const piece of wholeNumbers(source, bytes)) {
    const numbers = decode(piece)
    const bad = numbers.findIndex((number) => !Number.isFinite(number))
    if (bad >= 0) throw notFinite(tensor, done + bad)
    done += numbers.length
    yield numbers
  }
}
