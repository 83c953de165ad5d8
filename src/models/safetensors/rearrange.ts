/** Numbers of a stored tensor in the order in which the network has them, without holding a large tensor in memory. */
import { elements } from '../../domain/network.ts'
import type { MatchedTensor } from './match-modules.ts'
import type { FileTensor } from './read-index.ts'
import { tensorNumbers } from './tensor-numbers.ts'

/**
 * 32 MB in float32. A larger tensor is read once for each window of this many numbers of the result: a transposition
 * has to jump through a file or through memory, and reading a file again in sequence is the cheaper jump.
 */
const WINDOW_NUMBERS = 8_388_608
const CONSTANT_CHUNK = 16_384

const bytesOf = (numbers: Float32Array): Uint8Array =>
  new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)

async function* rearranged(
  path: string,
  source: FileTensor,
  placeOf: (index: number) => number,
  windowNumbers: number,
): AsyncGenerator<Uint8Array> {
  const count = elements(source.shape)
  for (let start = 0; start < count; start += windowNumbers) {
    const window = new Float32Array(Math.min(windowNumbers, count - start))
    let index = 0
    for await (const numbers of tensorNumbers(path, source))
      for (const number of numbers) {
        const place = placeOf(index++) - start
        if (place >= 0 && place < window.length) window[place] = number
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
  const { placeOf, constant: value, shape } = wanted
  if (source === null) yield* constant(elements(shape), value ?? 0)
  else if (placeOf) yield* rearranged(path, source, placeOf, windowNumbers)
  else for await (const numbers of tensorNumbers(path, source)) yield bytesOf(numbers)
}
