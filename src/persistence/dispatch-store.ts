/** What the dispatcher and the reconciler read and write. */
import type { DispatchStore, QueueEntry } from '../domain/ports.ts'
import type { Failure } from '../domain/task.ts'
import type { Database, Transaction } from './database.ts'
import { lockJob } from './job-transitions.ts'
import { endWithFailure, endWithJob } from './task-endings.ts'

/** Arbitrary, but the same in every process. */
const DISPATCH_LOCK = 4_815_162_342n

interface EntryRow {
  id: string
  attempt: number
}
const toEntry = ({ id, attempt }: EntryRow): QueueEntry => ({ taskId: id, attempt })

export class PrismaDispatchStore implements DispatchStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async exclusively(work: () => Promise<void>): Promise<boolean> {
    // The lock lives as long as the transaction; `work` uses connections of its own.
    return this.#database.$transaction(
      async (tx) => {
        const [lock] = await tx.$queryRaw<{ held: boolean }[]>`
          SELECT pg_try_advisory_xact_lock(${DISPATCH_LOCK}) AS held`
        if (!lock?.held) return false
        await work()
        return true
      },
      { timeout: 60_000 },
    )
  }

  async takeReady(window: number): Promise<readonly QueueEntry[]> {
    const rows = await this.#database.$queryRaw<EntryRow[]>`
      WITH room AS (
        SELECT greatest(0, ${window} - count(*))::int AS free FROM tasks
        WHERE status = 'ready' AND dispatched_at IS NOT NULL
      ), chosen AS (
        SELECT id FROM tasks
        WHERE status = 'ready' AND dispatched_at IS NULL AND (not_before IS NULL OR not_before <= now())
        ORDER BY job_id, ordinal LIMIT (SELECT free FROM room)
      )
      UPDATE tasks t SET dispatched_at = now() FROM chosen WHERE t.id = chosen.id
      RETURNING t.id::text AS id, t.attempt, t.job_id, t.ordinal`
    return (rows as (EntryRow & { job_id: string; ordinal: number })[])
      .sort((a, b) => (a.job_id < b.job_id ? -1 : a.job_id > b.job_id ? 1 : a.ordinal - b.ordinal))
      .map(toEntry)
  }

  async dispatchedLongAgo(olderThanMs: number): Promise<readonly QueueEntry[]> {
    const rows = await this.#database.$queryRaw<EntryRow[]>`
      SELECT id::text AS id, attempt FROM tasks
      WHERE status = 'ready' AND dispatched_at < now() - ${olderThanMs} * interval '1 millisecond'`
    return rows.map(toEntry)
  }

  async undispatch(taskIds: readonly string[]): Promise<void> {
    await this.#database.task.updateMany({
      where: { id: { in: [...taskIds] }, status: 'ready' },
      data: { dispatchedAt: null },
    })
  }

  async recoverExpired(): Promise<number> {
    const expired = await this.#database.$queryRaw<{ id: string; job_id: string }[]>`
      SELECT id::text AS id, job_id FROM tasks WHERE status = 'running' AND lease_until < now()`
    for (const task of expired)
      await this.#database.$transaction((tx) => this.#recover(tx, task.id, task.job_id))
    return expired.length
  }

  async #recover(tx: Transaction, id: string, jobId: string): Promise<void> {
    const status = await lockJob(tx, jobId)
    // Looked at again under the lock: a late heartbeat may have renewed it.
    const [expired] = await tx.$queryRaw<unknown[]>`
      SELECT 1 FROM tasks WHERE id = ${id}::uuid AND status = 'running' AND lease_until < now()`
    if (status === null || !expired) return
    const task = await tx.task.findUniqueOrThrow({ where: { id } })
    if (status === 'running') await endWithFailure(tx, task, status, lost(task.attempt))
    else await endWithJob(tx, task, status)
  }
}

const lost = (attempt: number): Failure => ({
  code: 'worker-lost',
  class: 'crash',
  message: `the worker stopped renewing its claim on attempt ${attempt}`,
})
