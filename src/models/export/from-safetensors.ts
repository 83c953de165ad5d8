/** The zip of a TensorFlow.js layers model out of a stored safetensors file, without holding either in memory. */
import type { Readable } from 'node:stream'
import type { Normalization } from '../../domain/model.ts'
import type { Network } from '../../domain/network.ts'
import { layersModel, zipLayersModel } from './layers-model.ts'

/** Streams `[start, end)` of the file. */
export type ReadRange = (range: { start: number; end: number }) => AsyncIterable<Uint8Array>

const LENGTH_BYTES = 8

async function collect(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of bytes) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** The file is one that this service wrote, so its header is not doubted. */
export async function layersModelZip(
  read: ReadRange,
  network: Network,
  normalization: Normalization | null,
  userDefined: Readonly<Record<string, unknown>>,
): Promise<Readable> {
  const length = (await collect(read({ start: 0, end: LENGTH_BYTES }))).readBigUInt64LE()
  const begin = LENGTH_BYTES + Number(length)
  const header = JSON.parse(
    (await collect(read({ start: LENGTH_BYTES, end: begin }))).toString(),
  ) as Record<string, { data_offsets: [number, number] }>
  const numbers = (name: string): AsyncIterable<Uint8Array> => {
    const entry = header[name]
    if (!entry) throw new Error(`the file has no tensor called ${name}`)
    const [start, end] = entry.data_offsets
    return read({ start: begin + start, end: begin + end })
  }
  return zipLayersModel(layersModel(network, numbers, normalization, userDefined))
}
