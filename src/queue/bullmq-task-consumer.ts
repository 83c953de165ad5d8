/** The worker's side of the queue. */
import { Worker } from 'bullmq'
import { connection, QUEUE_NAME, type QueuePayload } from './contract.ts'

export interface ConsumerOptions {
  readonly url: string
  readonly prefix: string
  /** Tasks at once. */
  readonly slots: number
  readonly onError: (error: Error) => void
}

export interface TaskConsumer {
  /** Takes nothing more; does not wait for what it has taken. */
  pause(): Promise<void>
  close(): Promise<void>
}

/**
 * Calls `take` with ids of tasks, each of them at least once. What `take` makes of it is between it and Postgres: the
 * queue forgets an id when `take` is done with it, well or not.
 */
export function consumeTasks(
  { url, prefix, slots, onError }: ConsumerOptions,
  take: (taskId: string) => Promise<void>,
): TaskConsumer {
  const worker = new Worker<QueuePayload>(QUEUE_NAME, (queueJob) => take(queueJob.data.taskId), {
    connection: { ...connection(url), maxRetriesPerRequest: null },
    prefix,
    concurrency: slots,
    lockDuration: 15_000,
    stalledInterval: 5_000,
    // Crashes are counted in Postgres; BullMQ must not give a task up by itself.
    maxStalledCount: 1_000,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  })
  worker.on('error', onError)
  worker.on('failed', (_, error) => onError(error))
  return {
    pause: () => worker.pause(true),
    close: () => worker.close(),
  }
}
