/**
 * Tasks as workers see them, in Postgres. Every write names the attempt and expects a running claim, so a worker that
 * was paused past its lease finds zero rows and learns that it has lost the task.
 */
import type { EpochPoint, TaskStore } from '../domain/ports.ts'
import type { ResolvedJob } from '../domain/resolved-job.ts'
import type {
  Artifact,
  ClaimedTask,
  Failure,
  ReusableOutcome,
  TaskOutcome,
  TaskProgress,
} from '../domain/task.ts'
import type { Arm, JobStatus, TaskKind } from '../domain/words.ts'
import type { Database, Transaction } from './database.ts'
import { appendEvent } from './job-events.ts'
import { lockJob, moveJob, notify, READY_CHANNEL } from './job-transitions.ts'
import { DELIVERED, insertModel, toDelivered } from './model-store.ts'
import { toJson } from './rows.ts'
import { endWithFailure, endWithJob, UNCLAIMED } from './task-endings.ts'

const claimOf = (task: ClaimedTask) =>
  ({ id: task.id, attempt: task.attempt, status: 'running' }) as const

/** Their job cannot be deleted before this transaction ends, so their bytes always have somebody who refers to them. */
async function holdArtifacts(
  tx: Transaction,
  taskId: string,
  artifacts: readonly Artifact[],
): Promise<void> {
  const held = await tx.$queryRaw<{ sha256: string }[]>`
    SELECT sha256 FROM task_artifacts WHERE task_id = ${taskId}::uuid FOR SHARE`
  if (held.length !== artifacts.length)
    throw new Error(`task ${taskId}, whose outputs were to be used again, has been deleted`)
}

export class PrismaTaskStore implements TaskStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async claim(id: string, workerId: string, leaseMs: number): Promise<ClaimedTask | null> {
    const row = await this.#database.task.findUnique({ where: { id }, select: { jobId: true } })
    if (!row) return null
    return this.#database.$transaction(async (tx) => {
      const status = await lockJob(tx, row.jobId)
      if (status !== 'queued' && status !== 'running') return null
      const [task] = await tx.$queryRaw<
        {
          attempt: number
          key: string
          kind: TaskKind
          arm: Arm | null
          index: number | null
          fold: number | null
        }[]
      >`UPDATE tasks SET status = 'running', attempt = attempt + 1, worker_id = ${workerId}, progress = NULL, failure = NULL,
          lease_until = now() + ${leaseMs} * interval '1 millisecond', started_at = now(), finished_at = NULL
        WHERE id = ${id}::uuid AND status = 'ready' AND (not_before IS NULL OR not_before <= now())
        RETURNING attempt, key, kind::text AS kind, arm::text AS arm, index, fold`
      if (!task) return null
      if (status === 'queued')
        await moveJob(tx, row.jobId, {
          from: status,
          to: 'running',
          event: 'job-started',
          data: { workerId },
        })
      await tx.epochMetric.deleteMany({ where: { taskId: id } })
      await appendEvent(tx, row.jobId, 'task-started', {
        task: task.key,
        attempt: task.attempt,
        workerId,
      })
      const { resolved } = await tx.job.findUniqueOrThrow({
        where: { id: row.jobId },
        select: { resolved: true },
      })
      return { id, jobId: row.jobId, job: resolved as unknown as ResolvedJob, ...task }
    })
  }

  async heartbeat(
    task: ClaimedTask,
    leaseMs: number,
    progress: TaskProgress | null,
  ): Promise<'held' | 'stop' | 'lost'> {
    const [row] = await this.#database.$queryRaw<{ status: JobStatus }[]>`
      UPDATE tasks t SET lease_until = now() + ${leaseMs} * interval '1 millisecond',
        progress = COALESCE(${progress === null ? null : JSON.stringify(progress)}::jsonb, t.progress)
      FROM jobs j WHERE j.id = t.job_id AND t.id = ${task.id}::uuid AND t.attempt = ${task.attempt}
        AND t.status = 'running' AND t.lease_until > now()
      RETURNING j.status::text AS status`
    if (!row) return 'lost'
    return row.status === 'running' ? 'held' : 'stop'
  }

  async recordEpochs(task: ClaimedTask, points: readonly EpochPoint[]): Promise<void> {
    await this.#database.$executeRaw`
      INSERT INTO epoch_metrics (task_id, epoch, attempt, values)
      SELECT t.id, (point->>'epoch')::int, t.attempt, point
      FROM tasks t, jsonb_array_elements(${JSON.stringify(points)}::jsonb) AS point
      WHERE t.id = ${task.id}::uuid AND t.attempt = ${task.attempt} AND t.status = 'running'
      ON CONFLICT (task_id, epoch) DO UPDATE SET attempt = excluded.attempt, values = excluded.values`
  }

  async finish(task: ClaimedTask, outcome: TaskOutcome): Promise<'finished' | 'stopped' | 'lost'> {
    return this.#database.$transaction(async (tx) => {
      const status = await lockJob(tx, task.jobId)
      if (status !== 'running') return status === null ? 'lost' : 'stopped'
      const { count } = await tx.task.updateMany({
        where: claimOf(task),
        data: {
          status: 'succeeded',
          result: toJson(outcome.result),
          reuseKey: outcome.reuseKey,
          finishedAt: new Date(),
          leaseUntil: null,
        },
      })
      if (count === 0) return 'lost'
      if (outcome.reusedTaskId) await holdArtifacts(tx, outcome.reusedTaskId, outcome.artifacts)
      await tx.taskArtifact.createMany({
        data: outcome.artifacts.map((artifact) => ({ taskId: task.id, ...artifact })),
      })
      for (const model of outcome.models) await insertModel(tx, model)
      await tx.$executeRaw`
        UPDATE tasks SET waiting_for = waiting_for - 1,
          status = CASE WHEN waiting_for = 1 THEN 'ready'::"TaskStatus" ELSE status END
        WHERE status = 'blocked' AND id IN (SELECT task_id FROM task_dependencies WHERE depends_on_id = ${task.id}::uuid)`
      for (const warning of outcome.warnings)
        await appendEvent(tx, task.jobId, 'task-warning', {
          task: task.key,
          attempt: task.attempt,
          ...warning,
        })
      await appendEvent(tx, task.jobId, 'task-succeeded', { task: task.key, attempt: task.attempt })
      if (outcome.report)
        await moveJob(tx, task.jobId, {
          from: status,
          to: 'succeeded',
          event: 'job-succeeded',
          columns: { report: toJson(outcome.report) },
        })
      else await notify(tx, READY_CHANNEL)
      return 'finished'
    })
  }

  async reusable(key: string): Promise<ReusableOutcome | null> {
    const row = await this.#database.task.findFirst({
      where: { reuseKey: key, status: 'succeeded' },
      orderBy: { finishedAt: 'desc' },
      include: { artifacts: true, metrics: { orderBy: { epoch: 'asc' } } },
    })
    if (!row) return null
    return {
      taskId: row.id,
      jobId: row.jobId,
      key: row.key,
      result: row.result as Readonly<Record<string, unknown>>,
      artifacts: row.artifacts.map(({ name, sha256 }) => ({ name, sha256 })),
      epochs: row.metrics.map(({ values }) => values as unknown as EpochPoint),
    }
  }

  async fail(task: ClaimedTask, failure: Failure): Promise<'retried' | 'failed' | 'lost'> {
    return this.#database.$transaction(async (tx) => {
      const status = await lockJob(tx, task.jobId)
      if (status === null) return 'lost'
      const row = await tx.task.findFirst({ where: claimOf(task) })
      if (!row) return 'lost'
      if (status !== 'running') {
        await endWithJob(tx, row, status)
        return 'failed'
      }
      return endWithFailure(tx, row, status, failure)
    })
  }

  async confirmStopped(task: ClaimedTask): Promise<void> {
    await this.#database.$transaction(async (tx) => {
      const status = await lockJob(tx, task.jobId)
      if (status === null || !(await tx.task.findFirst({ where: claimOf(task) }))) return
      await endWithJob(tx, task, status)
    })
  }

  async release(task: ClaimedTask): Promise<void> {
    await this.#database.$transaction(async (tx) => {
      const status = await lockJob(tx, task.jobId)
      if (status === null || !(await tx.task.findFirst({ where: claimOf(task) }))) return
      if (status !== 'running') return endWithJob(tx, task, status)
      await tx.task.update({
        where: { id: task.id },
        data: { ...UNCLAIMED, status: 'ready', dispatchedAt: null },
      })
      await appendEvent(tx, task.jobId, 'task-released', { task: task.key, attempt: task.attempt })
      await notify(tx, READY_CHANNEL)
    })
  }

  async models(jobId: string): ReturnType<TaskStore['models']> {
    const rows = await this.#database.model.findMany({ where: { jobId }, select: DELIVERED })
    return rows.flatMap(toDelivered)
  }

  async artifacts(jobId: string): ReturnType<TaskStore['artifacts']> {
    const rows = await this.#database.taskArtifact.findMany({
      where: { task: { jobId } },
      include: { task: { select: { key: true } } },
    })
    return rows.map(({ task, name, sha256 }) => ({ taskKey: task.key, name, sha256 }))
  }
}
