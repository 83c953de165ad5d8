/** Jobs as clients see them, in Postgres. */
import { randomUUID } from 'node:crypto'
import { isTerminal } from '../domain/job-lifecycle.ts'
import type { JobFilter, JobStore, Page, PageRequest, Submission } from '../domain/ports.ts'
import type { Report } from '../domain/report/report.ts'
import type { EpochRow, JobEvent, JobView } from '../domain/task.ts'
import { givenModelIds } from '../domain/teacher-models.ts'
import { type Database, isUniqueViolation, type Transaction } from './database.ts'
import { appendEvent } from './job-events.ts'
import {
  lockJob,
  moveJob,
  notify,
  READY_CHANNEL,
  settleCancelling,
  stopTasks,
} from './job-transitions.ts'
import { toJob } from './job-view.ts'
import { DELIVERED, DELIVERED_ORDER, toDelivered } from './model-store.ts'
import { belowCursor, pageClause, toJson, toPage } from './rows.ts'

const WITH_TASKS = {
  omit: { report: true },
  include: { tasks: { orderBy: { ordinal: 'asc' } } },
} as const

async function insertTasks(tx: Transaction, { id, plan }: Submission): Promise<void> {
  const taskIds = new Map(plan.map((task) => [task.key, randomUUID()]))
  const idOf = (key: string): string => {
    const taskId = taskIds.get(key)
    if (!taskId) throw new Error(`plan of ${id} has no task ${key}`)
    return taskId
  }
  await tx.task.createMany({
    data: plan.map((task, ordinal) => ({
      id: idOf(task.key),
      jobId: id,
      key: task.key,
      ordinal,
      kind: task.kind,
      arm: task.arm,
      index: task.index ?? null,
      fold: task.fold,
      waitingFor: task.after.length,
      status: task.after.length > 0 ? ('blocked' as const) : ('ready' as const),
    })),
  })
  await tx.taskDependency.createMany({
    data: plan.flatMap((task) =>
      task.after.map((key) => ({ taskId: idOf(task.key), dependsOnId: idOf(key) })),
    ),
  })
}

export class PrismaJobStore implements JobStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  async submit(submission: Submission): ReturnType<JobStore['submit']> {
    const { id, spec, resolved, idempotency } = submission
    const teacherModelIds = givenModelIds(resolved.teacher)
    try {
      await this.#database.$transaction(async (tx) => {
        // Keeps what the job needs from being deleted between the look-up and this.
        await tx.$queryRaw`SELECT 1 FROM datasets WHERE id IN (${resolved.dataset.id}, ${resolved.testSet?.id ?? ''}) FOR SHARE`
        if (teacherModelIds.length > 0)
          await tx.$queryRaw`SELECT 1 FROM models WHERE id = ANY(${teacherModelIds}) ORDER BY id FOR SHARE`
        await tx.job.create({
          data: {
            id,
            name: resolved.name,
            spec: toJson(spec as object),
            resolved: toJson(resolved),
            datasetId: resolved.dataset.id,
            testSetId: resolved.testSet?.id ?? null,
            teacherModelIds,
            idempotencyKey: idempotency?.key ?? null,
            idempotencyHash: idempotency?.bodySha256 ?? null,
          },
          select: { id: true },
        })
        await insertTasks(tx, submission)
        await appendEvent(tx, id, 'job-submitted', { tasks: submission.plan.length })
        await notify(tx, READY_CHANNEL)
      })
      return { kind: 'created' }
    } catch (error) {
      if (!idempotency || !isUniqueViolation(error)) throw error
      const first = await this.findByIdempotencyKey(idempotency.key)
      if (!first) throw error
      return first.bodySha256 === idempotency.bodySha256
        ? { kind: 'replayed', id: first.id }
        : { kind: 'key-reused' }
    }
  }

  async findByIdempotencyKey(key: string): Promise<{ id: string; bodySha256: string } | null> {
    const row = await this.#database.job.findUnique({
      where: { idempotencyKey: key },
      select: { id: true, idempotencyHash: true },
    })
    return row && { id: row.id, bodySha256: row.idempotencyHash ?? '' }
  }

  async get(id: string): Promise<JobView | null> {
    const row = await this.#database.job.findUnique({ where: { id }, ...WITH_TASKS })
    if (!row) return null
    const models = await this.#database.model.findMany({
      where: { jobId: id },
      select: DELIVERED,
      orderBy: [...DELIVERED_ORDER],
    })
    const ahead =
      row.status === 'queued'
        ? await this.#database.job.count({ where: { status: 'queued', id: { lt: id } } })
        : null
    return toJob(row, ahead, models.flatMap(toDelivered))
  }

  async list(filter: JobFilter, page: PageRequest): Promise<Page<JobView>> {
    const rows = await this.#database.job.findMany({
      where: {
        ...belowCursor(page),
        ...(filter.statuses.length > 0 ? { status: { in: [...filter.statuses] } } : {}),
        ...(filter.datasetId === null ? {} : { datasetId: filter.datasetId }),
        ...(filter.name === null ? {} : { name: filter.name }),
      },
      ...pageClause(page),
      ...WITH_TASKS,
    })
    return toPage(
      rows.map((row) => toJob(row, null, [])),
      page,
    )
  }

  countWaiting(): Promise<number> {
    return this.#database.job.count({ where: { status: 'queued' } })
  }

  async report(id: string): Promise<Report | null> {
    const row = await this.#database.job.findUnique({ where: { id }, select: { report: true } })
    return (row?.report as unknown as Report | null) ?? null
  }

  async events(id: string, after: number, limit: number): Promise<readonly JobEvent[]> {
    return this.#database.jobEvent.findMany({
      where: { jobId: id, sequence: { gt: after } },
      orderBy: { sequence: 'asc' },
      take: limit,
      omit: { jobId: true },
    })
  }

  async metrics(id: string): Promise<readonly EpochRow[]> {
    const rows = await this.#database.epochMetric.findMany({
      where: { task: { jobId: id } },
      orderBy: [{ task: { ordinal: 'asc' } }, { epoch: 'asc' }],
      include: { task: { select: { key: true, arm: true, index: true, fold: true } } },
    })
    return rows.map(({ task, attempt, values }) => ({
      task: task.key,
      arm: task.arm,
      index: task.index,
      fold: task.fold,
      attempt,
      values,
    }))
  }

  async cancel(id: string): ReturnType<JobStore['cancel']> {
    return this.#database.$transaction(async (tx) => {
      const status = await lockJob(tx, id)
      if (status === null) return 'not-found'
      if (isTerminal(status)) return 'already-terminal'
      if (status === 'cancelling') return 'accepted'
      await moveJob(tx, id, { from: status, to: 'cancelling', event: 'job-cancelling' })
      await stopTasks(tx, id)
      await settleCancelling(tx, id, 'cancelling')
      return 'accepted'
    })
  }

  async remove(id: string): ReturnType<JobStore['remove']> {
    return this.#database.$transaction(async (tx) => {
      const status = await lockJob(tx, id)
      if (status === null) return 'not-found'
      if (!isTerminal(status)) return 'not-terminal'
      await tx.job.delete({ where: { id } })
      return 'removed'
    })
  }
}
