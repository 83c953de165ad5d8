/**
 * Gets the rows of the next call ready on another thread while this one is inside TensorFlow. Two slots: one is read by the
 * call that runs, the other is filled for the next. Only for data in shared memory, because a thread has no other.
 */
import { Worker } from 'node:worker_threads'
import type { Rows } from '../datasets.ts'
import type { FittedNormalization } from '../normalization.ts'
import type { GatherData, GatherRequest } from './gather-thread.ts'

/** A thread that does not answer in this time has died; its rows are then gathered here. */
const PATIENCE_MS = 10_000

const isEqual = (one: Uint32Array, other: Uint32Array): boolean =>
  one.length === other.length && one.every((row, index) => row === other[index])

export class Prefetch {
  readonly #thread: Worker
  readonly #states = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT))
  readonly #slots: Float32Array[] = [new Float32Array(), new Float32Array()]
  readonly #width: number
  #slot = 0
  readonly #begun: [Uint32Array | null, Uint32Array | null] = [null, null]

  private constructor(data: Rows, normalization: FittedNormalization | null) {
    this.#width = data.width
    const workerData: GatherData = { data, normalization, states: this.#states }
    this.#thread = new Worker(new URL('./gather-thread.ts', import.meta.url), { workerData })
    this.#thread.unref()
  }

  /** @returns null for data that is not in shared memory */
  static of(data: Rows, normalization: FittedNormalization | null): Prefetch | null {
    const isShared = data.values.buffer instanceof SharedArrayBuffer
    return isShared ? new Prefetch(data, normalization) : null
  }

  /** Begins to gather rows, into the slot whose call has ended. */
  begin(rows: Uint32Array): void {
    this.#slot = 1 - this.#slot
    const slot = this.#slot
    const count = rows.length * this.#width
    const held = this.#slots[slot]
    const target =
      held && held.length >= count
        ? held
        : new Float32Array(new SharedArrayBuffer(count * Float32Array.BYTES_PER_ELEMENT))
    this.#slots[slot] = target
    Atomics.store(this.#states, slot, 0)
    const request: GatherRequest = { slot, rows, target }
    this.#thread.postMessage(request)
    this.#begun[slot] = rows
  }

  /** The gathered rows, waiting for them where it must; null when they were not begun. */
  take(rows: Uint32Array): Float32Array | null {
    const slot = this.#begun.findIndex((begun) => begun !== null && isEqual(begun, rows))
    if (slot < 0) return null
    this.#begun[slot] = null
    if (Atomics.wait(this.#states, slot, 0, PATIENCE_MS) === 'timed-out') return null
    return this.#slots[slot]?.subarray(0, rows.length * this.#width) ?? null
  }

  close(): void {
    void this.#thread.terminate()
  }
}
