/**
 * Blobs as files, named by their hash, so that all trainers of this machine read one copy.
 * A file appears under its name only when it is complete and its hash is right.
 */
import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { access, mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import path from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { BlobStore } from '../src/domain/ports.ts'

/** Files that nobody asked for in this long may be deleted. */
const UNUSED_MS = 6 * 60 * 60 * 1000

export class BlobCache {
  readonly #blobs: BlobStore
  readonly #directory: string
  readonly #underway = new Map<string, Promise<void>>()

  constructor(blobs: BlobStore, directory: string) {
    this.#blobs = blobs
    this.#directory = directory
  }

  pathOf(sha256: string): string {
    return path.join(this.#directory, sha256)
  }

  /** Resolves when the file is there. Asking twice at once brings it once. */
  fetch(sha256: string): Promise<void> {
    const running = this.#underway.get(sha256)
    if (running) return running
    const work = this.#bring(sha256).finally(() => this.#underway.delete(sha256))
    this.#underway.set(sha256, work)
    return work
  }

  async #bring(sha256: string): Promise<void> {
    const target = this.pathOf(sha256)
    try {
      await access(target)
      const now = new Date()
      await utimes(target, now, now)
      return
    } catch {}
    await mkdir(this.#directory, { recursive: true })
    const partial = `${target}.${randomUUID()}`
    const hash = createHash('sha256')
    const hashing = new Transform({
      transform(chunk: Uint8Array, _, done) {
        hash.update(chunk)
        done(null, chunk)
      },
    })
    try {
      await pipeline(Readable.from(this.#blobs.read(sha256)), hashing, createWriteStream(partial))
      const found = hash.digest('hex')
      if (found !== sha256) throw new Error(`blob ${sha256} came as ${found}`)
      await rename(partial, target)
    } finally {
      await rm(partial, { force: true })
    }
  }

  /** Deletes what has not been used for hours. */
  async prune(): Promise<void> {
    await mkdir(this.#directory, { recursive: true })
    for (const name of await readdir(this.#directory)) {
      const file = path.join(this.#directory, name)
      const { mtimeMs } = await stat(file)
      if (Date.now() - mtimeMs > UNUSED_MS) await rm(file, { force: true })
    }
  }
}
