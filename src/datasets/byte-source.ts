/** Bytes of a stream, with a look ahead. */
export class ByteSource {
  readonly #iterator: AsyncIterator<Uint8Array>
  readonly #signal: AbortSignal | undefined
  #ahead: Uint8Array[] = []

  constructor(source: AsyncIterable<Uint8Array>, signal?: AbortSignal) {
    this.#iterator = source[Symbol.asyncIterator]()
    this.#signal = signal
  }

  async #next(): Promise<Uint8Array | null> {
    this.#signal?.throwIfAborted()
    const { done, value } = await this.#iterator.next()
    return done ? null : value
  }

  /** Reads ahead until a chunk satisfies `enough` (given the bytes before it too) or the end; nothing is consumed. */
  async peekUntil(enough: (chunk: Uint8Array, before: number) => boolean): Promise<Uint8Array> {
    let size = 0
    for (let index = 0; ; index++) {
      const chunk = this.#ahead[index] ?? (await this.#next())
      if (chunk === null) break
      if (index === this.#ahead.length) this.#ahead.push(chunk)
      if (enough(chunk, size)) break
      size += chunk.length
    }
    const joined = Buffer.concat(this.#ahead)
    this.#ahead = joined.length > 0 ? [joined] : []
    return joined
  }

  /** At least `count` bytes unless the stream ends before; nothing is consumed. */
  async peek(count: number): Promise<Uint8Array> {
    return this.peekUntil((chunk, before) => before + chunk.length >= count)
  }

  /** The next `count` bytes, fewer only at the end of the stream. */
  async take(count: number): Promise<Uint8Array> {
    const bytes = await this.peek(count)
    const rest = bytes.subarray(count)
    this.#ahead = rest.length > 0 ? [rest] : []
    return bytes.subarray(0, count)
  }

  /** Everything not yet taken. */
  async *rest(): AsyncGenerator<Uint8Array, void> {
    for (const chunk of this.#ahead.splice(0)) yield chunk
    for (;;) {
      const chunk = await this.#next()
      if (chunk === null) return
      if (chunk.length > 0) yield chunk
    }
  }

  /** Tells the stream that no more is wanted; does not wait, as a stream that has stalled would never answer. */
  close(): void {
    Promise.resolve(this.#iterator.return?.()).catch(() => {})
  }
}
