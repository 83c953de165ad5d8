/**
 * Blobs as chunks in Postgres. A writer holds one chunk in memory, a reader one chunk; sizes do not matter.
 * Until `finish` the bytes belong to a row without a hash, which nobody can find; a crash leaves such a row to the
 * garbage collector.
 */
import { createHash, randomUUID } from 'node:crypto'
import type { BlobStore, BlobWriter, StoredBlob } from '../domain/ports.ts'
import { type Database, isUniqueViolation } from './database.ts'

/**
 * For new blobs; each remembers its own. Prisma keeps several copies of a chunk on its way: with 1 MiB an upload of
 * 500 MB took the process to 376 MB, with 128 KiB to 225 MB.
 */
const CHUNK_BYTES = 1 << 17

class Writer implements BlobWriter {
  readonly #database: Database
  readonly #id = randomUUID()
  readonly #hash = createHash('sha256')
  readonly #buffer = new Uint8Array(CHUNK_BYTES)
  #filled = 0
  #sequence = 0
  #sizeBytes = 0
  #finished = false

  constructor(database: Database) {
    this.#database = database
  }

  async begin(): Promise<this> {
    await this.#database.blob.create({
      data: { id: this.#id, chunkBytes: CHUNK_BYTES },
      select: { id: true },
    })
    return this
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk)
    this.#sizeBytes += chunk.length
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + CHUNK_BYTES - this.#filled)
      this.#buffer.set(part, this.#filled)
      this.#filled += part.length
      at += part.length
      if (this.#filled === CHUNK_BYTES) await this.#flush()
    }
  }

  async #flush(): Promise<void> {
    const bytes = this.#buffer.slice(0, this.#filled)
    this.#filled = 0
    await this.#database.blobChunk.create({
      data: { blobId: this.#id, sequence: this.#sequence++, bytes },
      select: { sequence: true },
    })
  }

  async finish(): Promise<StoredBlob> {
    if (this.#filled > 0) await this.#flush()
    const blob = { sha256: this.#hash.digest('hex'), sizeBytes: this.#sizeBytes }
    // Two writers of equal bytes may finish at once: the second then finds the first's.
    await this.#complete(blob).catch((error: unknown) => {
      if (!isUniqueViolation(error)) throw error
      return this.#complete(blob)
    })
    this.#finished = true
    return blob
  }

  async #complete({ sha256, sizeBytes }: StoredBlob): Promise<void> {
    await this.#database.$transaction(async (tx) => {
      // Renewing the age of equal bytes keeps the garbage collector off them until they are referred to.
      const renewed = await tx.blob.updateMany({
        where: { sha256 },
        data: { createdAt: new Date() },
      })
      if (renewed.count > 0) await tx.blob.delete({ where: { id: this.#id } })
      else
        await tx.blob.update({
          where: { id: this.#id },
          data: { complete: true, sha256, sizeBytes: BigInt(sizeBytes) },
          select: { id: true },
        })
    })
  }

  async abort(): Promise<void> {
    if (!this.#finished) await this.#database.blob.deleteMany({ where: { id: this.#id } })
  }
}

export class PrismaBlobStore implements BlobStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  open(): Promise<BlobWriter> {
    return new Writer(this.#database).begin()
  }

  async find(sha256: string): Promise<StoredBlob | null> {
    const blob = await this.#database.blob.findUnique({ where: { sha256 } })
    return blob && { sha256, sizeBytes: Number(blob.sizeBytes) }
  }

  async *read(sha256: string, range?: { start: number; end: number }): AsyncGenerator<Uint8Array> {
    const blob = await this.#database.blob.findUniqueOrThrow({ where: { sha256 } })
    const start = range?.start ?? 0
    const end = Math.min(range?.end ?? Number(blob.sizeBytes), Number(blob.sizeBytes))
    for (let at = start; at < end; ) {
      const sequence = Math.floor(at / blob.chunkBytes)
      const { bytes } = await this.#database.blobChunk.findUniqueOrThrow({
        where: { blobId_sequence: { blobId: blob.id, sequence } },
        select: { bytes: true },
      })
      const offset = at - sequence * blob.chunkBytes
      const part = bytes.subarray(offset, Math.min(bytes.length, offset + end - at))
      at += part.length
      yield part
    }
  }

  async collectGarbage(): Promise<number> {
    return this.#database.$executeRaw`
      DELETE FROM blobs b WHERE b.created_at < now() - interval '1 hour' AND (
        NOT b.complete OR NOT (
          EXISTS (SELECT 1 FROM datasets d WHERE b.sha256 IN (d.features_sha256, d.labels_sha256))
          OR EXISTS (SELECT 1 FROM models m WHERE b.sha256 IN (m.safetensors_sha256, m.tfjs_sha256))
          OR EXISTS (SELECT 1 FROM task_artifacts a WHERE a.sha256 = b.sha256)))`
  }
}
