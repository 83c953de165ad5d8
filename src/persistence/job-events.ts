/** Appends to a job's events. The caller holds the job's row lock, which makes the numbers gapless. */
import type { Transaction } from './database.ts'
import { toJson } from './rows.ts'

export type EventType =
  | 'job-submitted'
  | 'job-started'
  | 'job-cancelling'
  | 'job-succeeded'
  | 'job-failed'
  | 'job-cancelled'
  | 'task-started'
  | 'task-warning'
  | 'task-succeeded'
  | 'task-retried'
  | 'task-failed'
  | 'task-released'

export async function appendEvent(
  tx: Transaction,
  jobId: string,
  type: EventType,
  data: object,
): Promise<void> {
  const last = await tx.jobEvent.aggregate({ where: { jobId }, _max: { sequence: true } })
  await tx.jobEvent.create({
    data: { jobId, sequence: (last._max.sequence ?? 0) + 1, type, data: toJson(data) },
    select: { sequence: true },
  })
}
