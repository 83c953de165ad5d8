/** How long a network takes to answer a batch. */
import { type Static, Type } from 'typebox'
import { strict } from './schema.ts'

/** Sizes of the batches that are timed: one request at a time, and rows in bulk. */
export const TIMED_BATCHES = [1, 64] as const

export const LatencyOfBatch = Type.Object(
  {
    p50Ms: Type.Number({ description: 'Median, in milliseconds a batch.' }),
    p95Ms: Type.Number({ description: '95th percentile, in milliseconds a batch.' }),
    runs: Type.Integer({ description: 'Behind the percentiles.' }),
  },
  { ...strict },
)
export type LatencyOfBatch = Static<typeof LatencyOfBatch>

const Timed = (rows: number) =>
  Type.Union([LatencyOfBatch, Type.Null()], {
    description: `Of a batch of ${rows}; null where the model does not take one.`,
  })

export const Latency = Type.Object(
  { batch1: Timed(1), batch64: Timed(64) },
  {
    ...strict,
    description:
      'From normalized rows to logits, on one thread, networks in turns on one worker; other work on that machine shows in it.',
  },
)
export type Latency = Static<typeof Latency>

/** Of a network that is trained in a job and of its teacher. */
export interface LatencyRecord {
  /** Null where the teacher is recorded outputs: there is nothing to run. */
  readonly teacher: Latency | null
  readonly student: Latency
  /** As the system calls it. */
  readonly processor: string
}
