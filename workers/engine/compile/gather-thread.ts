/** A thread that gathers rows while the main thread runs TensorFlow, which it blocks. See `prefetch.ts`. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Rows } from '../datasets.ts'
import { gatherFeatures } from '../gather.ts'
import type { FittedNormalization } from '../normalization.ts'

export interface GatherData {
  readonly data: Rows
  readonly normalization: FittedNormalization | null
  /** One number a slot: 0 while rows are gathered, 1 when they are there. */
  readonly states: Int32Array
}

export interface GatherRequest {
  readonly slot: number
  readonly rows: Uint32Array
  /** `[rows, width]`, shared. */
  readonly target: Float32Array
}

const { data, normalization, states } = workerData as GatherData
parentPort?.on('message', ({ slot, rows, target }: GatherRequest) => {
  gatherFeatures(data, rows, normalization, target)
  Atomics.store(states, slot, 1)
  Atomics.notify(states, slot)
})
