/** Keeps the claim on a task alive while it runs, and stops the attempt when the claim is void. */
import type { TaskStore } from '../src/domain/ports.ts'
import type { ClaimedTask } from '../src/domain/task.ts'
import type { Logger } from '../src/logger.ts'
import type { Progress } from './trainer-contract.ts'

/** Why an attempt is stopped; the reason of its abort signal. */
export type Stop = 'job-stopped' | 'lease-lost' | 'shutdown'

export interface Lease {
  /** Kept for the next heartbeat; a new phase is told at once. */
  report(progress: Progress): void
  close(): void
}

const BEATS_PER_LEASE = 10

export function keepLease(
  task: ClaimedTask,
  tasks: TaskStore,
  leaseMs: number,
  stopped: AbortController,
  logger: Logger,
): Lease {
  let progress: Progress | null = null
  let renewedAt = performance.now()
  let beating = false

  async function beat(): Promise<void> {
    if (beating || stopped.signal.aborted) return
    beating = true
    try {
      const asked = performance.now()
      const answer = await tasks.heartbeat(task, leaseMs, progress)
      if (answer === 'held') renewedAt = asked
      else stopped.abort((answer === 'stop' ? 'job-stopped' : 'lease-lost') satisfies Stop)
    } catch (error) {
      logger.warn({ err: error }, 'heartbeat failed')
      // Past the lease someone else may have the task: two trainings would be harmless but wasted.
      if (performance.now() - renewedAt > leaseMs) stopped.abort('lease-lost' satisfies Stop)
    } finally {
      beating = false
    }
  }
  const timer = setInterval(() => void beat(), leaseMs / BEATS_PER_LEASE)

  return {
    report(next) {
      const changed = next.phase !== progress?.phase
      progress = next
      if (changed) void beat()
    },
    close() {
      clearInterval(timer)
    },
  }
}
