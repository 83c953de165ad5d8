/** Rows of a job and its tasks as the domain sees them. */
import type { ResolvedJob } from '../domain/resolved-job.ts'
import type { Failure, JobView, TaskProgress, TaskView } from '../domain/task.ts'
import type { Job, Task } from './generated/client.ts'

const toTask = (row: Task): TaskView => ({
  id: row.id,
  key: row.key,
  kind: row.kind,
  arm: row.arm,
  index: row.index,
  fold: row.fold,
  status: row.status,
  attempt: row.attempt,
  workerId: row.workerId,
  progress: row.progress as unknown as TaskProgress | null,
  result: row.result as Readonly<Record<string, unknown>> | null,
  failure: row.failure as unknown as Failure | null,
  startedAt: row.startedAt,
  finishedAt: row.finishedAt,
})

export const toJob = (
  row: Omit<Job, 'report'> & { tasks: Task[] },
  jobsAhead: number | null,
  models: JobView['models'],
): JobView => ({
  id: row.id,
  name: row.name,
  status: row.status,
  spec: row.spec,
  resolved: row.resolved as unknown as ResolvedJob,
  failure: row.failure as unknown as JobView['failure'],
  createdAt: row.createdAt,
  startedAt: row.startedAt,
  finishedAt: row.finishedAt,
  tasks: row.tasks.map(toTask),
  jobsAhead,
  models,
})
