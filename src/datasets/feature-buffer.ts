import type { Profile } from './profile.ts'
import type { FeatureSink } from './sink.ts'

/** 256 KiB a chunk: large enough that the promises cost nothing. */
const CHUNK_VALUES = 65_536

/** Gathers float32 features into chunks for the sink and the profile. */
export class FeatureBuffer {
  readonly #sink: FeatureSink
  readonly #profile: Profile
  #chunk = new Float32Array(CHUNK_VALUES)
  #filled = 0
  #full: Float32Array[] = []

  constructor(sink: FeatureSink, profile: Profile) {
    this.#sink = sink
    this.#profile = profile
  }

  push(value: number): void {
    this.#chunk[this.#filled++] = value
    if (this.#filled < CHUNK_VALUES) return
    this.#full.push(this.#chunk)
    this.#chunk = new Float32Array(CHUNK_VALUES)
    this.#filled = 0
  }

  /** Hands over the chunks that are full; call it often, as nothing else limits their number. */
  async drain(): Promise<void> {
    for (const chunk of this.#full.splice(0)) {
      this.#profile.add(chunk)
      await this.#sink.write(new Uint8Array(chunk.buffer))
    }
  }

  /** Hands over everything. */
  async finish(): Promise<void> {
    await this.drain()
    if (this.#filled === 0) return
    const last = this.#chunk.slice(0, this.#filled)
    this.#filled = 0
    this.#profile.add(last)
    await this.#sink.write(new Uint8Array(last.buffer))
  }
}
