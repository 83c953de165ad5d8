/** The weights of a stored safetensors file, read one range at a time. The file is one that this service wrote. */
import type { Shape } from '../../domain/network.ts'
import type { Stream } from '../protobuf/message.ts'

/** Streams `[start, end)` of the file. */
export type ReadRange = (range: { start: number; end: number }) => AsyncIterable<Uint8Array>

interface StoredTensor extends Stream {
  readonly name: string
  readonly shape: Shape
}

export interface StoredWeights {
  /** In the order of the file; float32, little-endian. */
  readonly tensors: readonly StoredTensor[]
  readonly metadata: Readonly<Record<string, string>>
  /** @throws Error when there is no such tensor */
  tensor(name: string): StoredTensor
}

const LENGTH_BYTES = 8

async function collect(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of bytes) chunks.push(chunk)
  return Buffer.concat(chunks)
}

export async function openStoredWeights(read: ReadRange): Promise<StoredWeights> {
  const length = (await collect(read({ start: 0, end: LENGTH_BYTES }))).readBigUInt64LE()
  const begin = LENGTH_BYTES + Number(length)
  const header = JSON.parse((await collect(read({ start: LENGTH_BYTES, end: begin }))).toString())
  const { __metadata__: metadata = {}, ...entries } = header as {
    __metadata__?: Record<string, string>
  }
  const tensors = (
    Object.entries(entries) as [string, { shape: number[]; data_offsets: [number, number] }][]
  )
    .map(
      ([
        name,
        {
          shape,
          data_offsets: [start, end],
        },
      ]) => ({ name, shape, start, end }),
    )
    // JSON.parse puts names that look like numbers first.
    .sort((one, other) => one.start - other.start || one.end - other.end)
    .map(({ name, shape, start, end }) => ({
      name,
      shape,
      sizeBytes: end - start,
      read: () => read({ start: begin + start, end: begin + end }),
    }))
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]))
  return {
    tensors,
    metadata,
    tensor: (name) => {
      const tensor = byName.get(name)
      if (!tensor) throw new Error(`the file has no tensor called ${name}`)
      return tensor
    },
  }
}
