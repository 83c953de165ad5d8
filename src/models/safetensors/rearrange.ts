/** Numbers of a stored tensor in the order in which the network has them, without holding a large tensor in memory. */
import { readSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { elements } from '../../domain/network.ts'
import type { MatchedTensor } from './match-modules.ts'
import type { FileTensor } from './read-index.ts'
import { decoderOf, notFinite, tensorNumbers } from './tensor-numbers.ts'
import type { Rearrangement } from './wanted-modules.ts'

/** 8 MB in float32: of a larger tensor, so much of the result is made at a time. */
const WINDOW_NUMBERS = 2_097_152
/** Some milliseconds of copying, after which others get their turn. */
const NUMBERS_A_TURN = 262_144
const CONSTANT_CHUNK = 16_384

const bytesOf = (numbers: Float32Array): Uint8Array =>
  new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)

/**
 * Some rows of the result at a time; for each, the file is read once per output, from the first to the last column that
 * these rows need. Reads are synchronous: there are many, they are short, and the file has just been written, so that it
 * is in memory.
 */
async function* rearranged(
  path: string,
  source: FileTensor,
  { outputs, columnOf }: Rearrangement,
  windowNumbers: number,
): AsyncGenerator<Uint8Array> {
  await using file = await open(path)
  const { bytes, decode } = decoderOf(source)
  const rows = elements(source.shape) / outputs
  const rowsAtOnce = Math.max(1, Math.floor(windowNumbers / outputs))
  let sinceTurn = 0
  for (let from = 0; from < rows; from += rowsAtOnce) {
    const columns = Uint32Array.from({ length: Math.min(rowsAtOnce, rows - from) }, (_, at) =>
      columnOf(from + at),
    )
    const first = columns.reduce((least, column) => Math.min(least, column))
    const last = columns.reduce((most, column) => Math.max(most, column))
    const window = new Float32Array(columns.length * outputs)
    const span = new ArrayBuffer((last - first + 1) * bytes)
    for (let output = 0; output < outputs; output++) {
      const position = source.begin + (output * rows + first) * bytes
      if (readSync(file.fd, new Uint8Array(span), 0, span.byteLength, position) < span.byteLength)
        throw new Error(`${path} became shorter while it was read`)
      const numbers = decode(span)
      for (let at = 0; at < columns.length; at++) {
        const column = columns[at] ?? 0
        const number = numbers[column - first] ?? Number.NaN
        if (!Number.isFinite(number)) throw notFinite(source, output * rows + column)
        window[at * outputs + output] = number
      }
      sinceTurn += numbers.length
      if (sinceTurn > NUMBERS_A_TURN) {
        sinceTurn = 0
        await setImmediate()
      }
    }
    yield bytesOf(window)
  }
}

function* constant(count: number, value: number): Generator<Uint8Array> {
  for (let done = 0; done < count; done += CONSTANT_CHUNK)
    yield bytesOf(new Float32Array(Math.min(CONSTANT_CHUNK, count - done)).fill(value))
}

/**
 * Float32 bytes of one weight of the network.
 * @throws ModelError when a number is not finite
 */
export async function* weightBytes(
  path: string,
  { wanted, source }: MatchedTensor,
  windowNumbers = WINDOW_NUMBERS,
): AsyncGenerator<Uint8Array> {
  const { rearrangement, constant: value, shape } = wanted
  if (source === null) yield* constant(elements(shape), value ?? 0)
  else if (rearrangement) yield* rearranged(path, source, rearrangement, windowNumbers)
  else for await (const numbers of tensorNumbers(path, source)) yield bytesOf(numbers)
}
