/**
 * Moves ready tasks from Postgres to the queue, and repairs what got lost on the way.
 * Any number of processes may run this; an advisory lock lets one act at a time.
 */
import type { DispatchStore, TaskQueue } from '../domain/ports.ts'

interface Ports {
  readonly store: DispatchStore
  readonly queue: TaskQueue
  /** Tasks that can run at once, over all workers. */
  readonly slots: () => Promise<number>
  readonly onError: (error: unknown) => void
}

const EVERY_MS = 1000
/**
 * Tasks in the queue for each slot. One in hand keeps a slot from waiting for us; more would only take tasks out of the
 * order that Postgres knows, where a fold that has begun comes before one that has not.
 */
const AHEAD = 1
/** A task that was queued this long ago and not claimed is looked for in the queue. */
const LOST_AFTER_MS = 3000

export interface Dispatcher {
  /** Looks now rather than at the next tick. */
  wake(): void
  close(): Promise<void>
}

export function startDispatcher({ store, queue, slots, onError }: Ports): Dispatcher {
  async function dispatch(): Promise<void> {
    await store.recoverExpired()
    const entries = await store.takeReady(AHEAD * Math.max(1, await slots()))
    try {
      await queue.add(entries)
    } catch (error) {
      await store.undispatch(entries.map((entry) => entry.taskId))
      throw error
    }
    const waiting = await store.dispatchedLongAgo(LOST_AFTER_MS)
    if (waiting.length > 0) await queue.add(await queue.missing(waiting))
  }

  let closed = false
  let again = false
  let running: Promise<void> | undefined
  const run = async (): Promise<void> => {
    do {
      again = false
      try {
        await store.exclusively(dispatch)
      } catch (error) {
        onError(error)
      }
    } while (again && !closed)
    running = undefined
  }
  const wake = (): void => {
    again = true
    if (!closed) running ??= run()
  }
  const timer = setInterval(wake, EVERY_MS)
  wake()

  return {
    wake,
    async close() {
      closed = true
      clearInterval(timer)
      await running
    },
  }
}
