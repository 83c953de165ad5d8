/** A model source in memory, whose files come in pieces of a given size. */
import type { ModelSource } from '../../../src/models/model-source.ts'

export function memorySource(
  modelJson: unknown,
  shards: Readonly<Record<string, Uint8Array>>,
  pieceBytes = 1 << 20,
): ModelSource {
  const find = (path: string): Uint8Array => {
    const shard = shards[path]
    if (shard === undefined) throw new Error(`no shard ${path}`)
    return shard
  }
  return {
    modelJson: async () => modelJson,
    sizeBytes: (path) => find(path).length,
    async *shard(path) {
      const bytes = find(path)
      for (let at = 0; at < bytes.length; at += pieceBytes)
        yield bytes.subarray(at, at + pieceBytes)
    },
    close: async () => {},
  }
}

export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(Uint8Array.from(chunk))
  return Buffer.concat(chunks)
}
