/** The producer's side of the queue. */
import { Queue } from 'bullmq'
import type { QueueEntry, TaskQueue } from '../domain/ports.ts'
import { connection, QUEUE_NAME, type QueuePayload, queueJobId } from './contract.ts'

/**
 * BullMQ waits for a dead Redis for ever; we would rather hear about it and try again later. What was asked for is then
 * still done when Redis is back, and does no harm: adding an id twice is adding it once.
 */
const PATIENCE_MS = 2000

async function soon<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('Redis does not answer')), PATIENCE_MS)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

export class BullMqTaskQueue implements TaskQueue {
  readonly #queue: Queue<QueuePayload>

  constructor(url: string, prefix: string, onError: (error: Error) => void) {
    this.#queue = new Queue(QUEUE_NAME, {
      connection: connection(url),
      prefix,
      defaultJobOptions: { attempts: 1, removeOnComplete: true, removeOnFail: true },
    })
    this.#queue.on('error', onError)
  }

  async add(entries: readonly QueueEntry[]): Promise<void> {
    if (entries.length === 0) return
    await soon(
      this.#queue.addBulk(
        entries.map((entry) => ({
          name: 'task',
          data: { taskId: entry.taskId },
          opts: { jobId: queueJobId(entry) },
        })),
      ),
    )
  }

  async missing(entries: readonly QueueEntry[]): Promise<readonly QueueEntry[]> {
    const states = await soon(
      Promise.all(entries.map((entry) => this.#queue.getJobState(queueJobId(entry)))),
    )
    return entries.filter((_, index) => states[index] === 'unknown')
  }

  /** Rejects when Redis does not answer. */
  async ping(): Promise<void> {
    await soon(this.#queue.getJobCountByTypes('wait'))
  }

  async close(): Promise<void> {
    await this.#queue.close()
  }
}
