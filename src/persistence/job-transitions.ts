/**
 * The statements that move jobs and tasks, each with its rule. All expect the job's row to be locked by the caller
 * (`lockJob`): whoever wants to change a job or one of its tasks takes that lock first, so nothing interleaves.
 */
import { canTransition, isTerminal } from '../domain/job-lifecycle.ts'
import type { Failure } from '../domain/task.ts'
import type { JobStatus } from '../domain/words.ts'
import type { Transaction } from './database.ts'
import type { Prisma } from './generated/client.ts'
import { appendEvent, type EventType } from './job-events.ts'
import { toJson } from './rows.ts'

/** Channels of NOTIFY. Hints only: everyone also looks by the clock. */
export const STOP_CHANNEL = 'distillery_stop'
export const READY_CHANNEL = 'distillery_ready'

export async function lockJob(tx: Transaction, id: string): Promise<JobStatus | null> {
  const [job] = await tx.$queryRaw<{ status: JobStatus }[]>`
    SELECT status::text AS status FROM jobs WHERE id = ${id} FOR UPDATE`
  return job?.status ?? null
}

interface Move {
  readonly from: JobStatus
  readonly to: JobStatus
  readonly event: EventType
  readonly data?: object
  readonly columns?: Pick<Prisma.JobUpdateInput, 'failure' | 'report'>
}

/** The only way a job changes its status; a transition that the table does not have is a mistake in this program. */
export async function moveJob(
  tx: Transaction,
  id: string,
  { from, to, event, data = {}, columns = {} }: Move,
): Promise<void> {
  if (!canTransition(from, to)) throw new Error(`job ${id} cannot go from ${from} to ${to}`)
  const now = new Date()
  await tx.job.update({
    where: { id },
    data: {
      ...columns,
      status: to,
      ...(to === 'running' ? { startedAt: now } : {}),
      ...(isTerminal(to) ? { finishedAt: now } : {}),
    },
    select: { id: true },
  })
  await appendEvent(tx, id, event, data)
}

export async function notify(tx: Transaction, channel: string, payload = ''): Promise<void> {
  await tx.$executeRaw`SELECT pg_notify(${channel}, ${payload})`
}

/** Nothing that has not started will start, and what runs is told to stop. Returns how many tasks run. */
export async function stopTasks(tx: Transaction, jobId: string): Promise<number> {
  await tx.task.updateMany({
    where: { jobId, status: { in: ['blocked', 'ready'] } },
    data: { status: 'cancelled', finishedAt: new Date() },
  })
  const running = await tx.task.count({ where: { jobId, status: 'running' } })
  if (running > 0) await notify(tx, STOP_CHANNEL, jobId)
  return running
}

export async function failJob(
  tx: Transaction,
  jobId: string,
  status: JobStatus,
  failure: Failure & { task: string },
): Promise<void> {
  await stopTasks(tx, jobId)
  if (status === 'cancelling' || isTerminal(status)) return
  await moveJob(tx, jobId, {
    from: status,
    to: 'failed',
    event: 'job-failed',
    data: failure,
    columns: { failure: toJson(failure) },
  })
}

/** A job that is being cancelled is cancelled once nothing of it runs. */
export async function settleCancelling(
  tx: Transaction,
  jobId: string,
  status: JobStatus,
): Promise<void> {
  if (status !== 'cancelling') return
  const running = await tx.task.count({ where: { jobId, status: 'running' } })
  if (running > 0) return
  await moveJob(tx, jobId, { from: status, to: 'cancelled', event: 'job-cancelled' })
}
