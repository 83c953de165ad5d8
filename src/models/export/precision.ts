/**
 * Weights as half-precision numbers. Kernels and embeddings are halved; what is one number a channel (biases, scales, averages, the
 * normalization of inputs) stays float32: it is hardly a percent of the bytes, and averages of raw inputs may exceed the
 * range of halves.
 */
import type { Precision } from '../../domain/model.ts'
import type { WeightShape } from '../../domain/network.ts'
import type { Stream } from '../protobuf/message.ts'

/** Larger numbers round to infinity: 65504 is the largest half, and the next would be 65536. */
const BEYOND_HALF = 65_520

/** The model cannot be written as asked; the message says why and what to ask for. */
export class ExportImpossible extends Error {}

const HALVED: readonly WeightShape['name'][] = [
  'kernel',
  'depthwiseKernel',
  'pointwiseKernel',
  'embeddings',
]

export const precisionOf = (weight: WeightShape['name'], wanted: Precision): Precision =>
  HALVED.includes(weight) ? wanted : 'float32'

/** Chunks cut at multiples of 4 bytes, as float32 numbers; a chunk that is not aligned is copied. */
export async function* float32Chunks(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Float32Array> {
  let rest = new Uint8Array(0)
  for await (const chunk of chunks) {
    if (rest.length === 0 && chunk.length % 4 === 0 && chunk.byteOffset % 4 === 0) {
      yield new Float32Array(chunk.buffer, chunk.byteOffset, chunk.length / 4)
      continue
    }
    const bytes = new Uint8Array(rest.length + chunk.length)
    bytes.set(rest)
    bytes.set(chunk, rest.length)
    const whole = bytes.length - (bytes.length % 4)
    rest = bytes.subarray(whole)
    if (whole > 0) yield new Float32Array(bytes.buffer, 0, whole / 4)
  }
}

/**
 * Rounds to nearest, ties to even: a relative error of at most 2⁻¹¹ for numbers of at least 2⁻¹⁴, below that an absolute
 * one of at most 2⁻²⁵ (IEEE 754 binary16).
 * @throws ExportImpossible when a number is beyond the range of halves
 */
export async function* halves(
  name: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for await (const values of float32Chunks(chunks)) {
    const large = values.find((value) => Math.abs(value) >= BEYOND_HALF)
    if (large !== undefined)
      throw new ExportImpossible(
        `weight ${name} has the number ${large}, and float16 ends at 65504: ask for precision=float32`,
      )
    yield new Uint8Array(new Float16Array(values).buffer)
  }
}

/** The stream of a weight in the wanted precision. */
export const inPrecision = (name: string, stream: Stream, precision: Precision): Stream =>
  precision === 'float32'
    ? stream
    : { sizeBytes: stream.sizeBytes / 2, read: () => halves(name, stream.read()) }
