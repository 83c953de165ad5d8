/** What the tests of dataset readers share: sources in chunks, a sink that keeps all, and the error of a read. */
import { DatasetError } from '../../../src/datasets/dataset-error.ts'
import type { FeatureSink } from '../../../src/datasets/sink.ts'

/** The bytes in chunks of `size`. */
export async function* chunks(
  bytes: Uint8Array,
  size = Math.max(bytes.length, 1),
): AsyncGenerator<Uint8Array, void> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size)
}

export class MemorySink implements FeatureSink {
  readonly #chunks: Uint8Array[] = []

  async write(chunk: Uint8Array): Promise<void> {
    this.#chunks.push(chunk)
  }

  get bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#chunks))
  }

  get floats(): number[] {
    return [...new Float32Array(this.bytes.slice().buffer)]
  }
}

/** The error with which reading fails. */
export async function errorOf(reading: Promise<unknown>): Promise<DatasetError> {
  try {
    await reading
  } catch (error) {
    if (error instanceof DatasetError) return error
    throw error
  }
  throw new Error('reading did not fail')
}
