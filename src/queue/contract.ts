/**
 * The one thing that both sides of the queue share.
 *
 * Postgres is the truth about a task; the queue carries its id and nothing else. Delivering an id twice, late, or for a
 * task that is done is harmless, because the claim in Postgres decides. Losing an id is harmless too, because the
 * reconciler puts it back.
 */
import type { ConnectionOptions } from 'bullmq'
import type { QueueEntry } from '../domain/ports.ts'

export const QUEUE_NAME = 'tasks'

export interface QueuePayload {
  readonly taskId: string
}

/**
 * Unique for each attempt: a task that was given back can be queued again while its last queue job is still being
 * cleared away, and adding the same attempt twice does nothing.
 */
export const queueJobId = ({ taskId, attempt }: QueueEntry): string => `${taskId}-${attempt}`

/** Reconnects within two seconds of Redis being back; BullMQ's own pace goes up to twenty. */
export const connection = (url: string): ConnectionOptions => ({
  url,
  retryStrategy: (tries: number) => Math.min(200 * tries, 2000),
})
