/**
 * How an attempt ends without a result: with its job, or with a failure that is tried again or not.
 * Expects the job's row to be locked (`lockJob`) and the task to be running.
 */
import { type Failure, MAX_CRASHES, MAX_SYSTEM_FAILURES } from '../domain/task.ts'
import type { JobStatus } from '../domain/words.ts'
import type { Transaction } from './database.ts'
import { Prisma } from './generated/client.ts'
import { appendEvent } from './job-events.ts'
import { failJob, settleCancelling } from './job-transitions.ts'
import { toJson } from './rows.ts'

/** Wait before another try, doubled with each; a crash or a failing disk is seldom over at once. */
const FIRST_BACK_OFF_MS = 500

export interface RunningTask {
  readonly id: string
  readonly jobId: string
  readonly key: string
  readonly attempt: number
  readonly crashes: number
  readonly systemFailures: number
}

/** Columns of a task that nobody holds. */
export const UNCLAIMED = { leaseUntil: null, workerId: null, progress: Prisma.DbNull } as const

/** The job was stopped while the task ran. */
export async function endWithJob(
  tx: Transaction,
  task: Pick<RunningTask, 'id' | 'jobId'>,
  status: JobStatus,
): Promise<void> {
  await tx.task.update({
    where: { id: task.id },
    data: { ...UNCLAIMED, status: 'cancelled', finishedAt: new Date() },
  })
  await settleCancelling(tx, task.jobId, status)
}

/** Mistakes of the user fail the job at once; crashes and system failures are counted apart and tried again. */
export async function endWithFailure(
  tx: Transaction,
  task: RunningTask,
  status: JobStatus,
  failure: Failure,
): Promise<'retried' | 'failed'> {
  const crashes = task.crashes + (failure.class === 'crash' ? 1 : 0)
  const systemFailures = task.systemFailures + (failure.class === 'system' ? 1 : 0)
  const again =
    failure.class !== 'user' && crashes < MAX_CRASHES && systemFailures < MAX_SYSTEM_FAILURES
  const backOffMs = FIRST_BACK_OFF_MS * 2 ** (crashes + systemFailures)
  await tx.task.update({
    where: { id: task.id },
    data: {
      ...UNCLAIMED,
      crashes,
      systemFailures,
      failure: toJson(failure),
      ...(again
        ? { status: 'ready', dispatchedAt: null, notBefore: new Date(Date.now() + backOffMs) }
        : { status: 'failed', finishedAt: new Date() }),
    },
  })
  await appendEvent(tx, task.jobId, again ? 'task-retried' : 'task-failed', {
    task: task.key,
    attempt: task.attempt,
    ...failure,
  })
  if (again) return 'retried'
  await failJob(tx, task.jobId, status, { ...failure, task: task.key })
  return 'failed'
}
