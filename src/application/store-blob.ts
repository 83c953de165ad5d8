import type { BlobStore, StoredBlob } from '../domain/ports.ts'

/** Stores a stream; nothing of it stays when the stream or the store fails. */
export async function storeBlob(
  blobs: BlobStore,
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<StoredBlob> {
  const writer = await blobs.open()
  try {
    for await (const chunk of source) await writer.write(chunk)
    return await writer.finish()
  } catch (error) {
    await writer.abort()
    throw error
  }
}
