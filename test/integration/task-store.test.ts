/** The life of jobs and tasks on a real Postgres, with workers that crash, pause and come too late. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { planJob } from '../../src/domain/job-plan.ts'
import type { Report } from '../../src/domain/report/report.ts'
import type { ClaimedTask, TaskOutcome } from '../../src/domain/task.ts'
import { identifiers } from '../../src/identifiers.ts'
import { PrismaDispatchStore } from '../../src/persistence/dispatch-store.ts'
import { PrismaJobStore } from '../../src/persistence/job-store.ts'
import { PrismaTaskStore } from '../../src/persistence/task-store.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { resolved, spec } from '../support/specs.ts'

let db: TestDatabase
let jobs: PrismaJobStore
let tasks: PrismaTaskStore
let dispatch: PrismaDispatchStore
beforeAll(async () => {
  db = await createTestDatabase()
  jobs = new PrismaJobStore(db.database)
  tasks = new PrismaTaskStore(db.database)
  dispatch = new PrismaDispatchStore(db.database)
})
afterAll(() => db.drop())

const LEASE_MS = 60_000
const done: TaskOutcome = {
  reuseKey: null,
  reusedTaskId: null,
  result: {},
  artifacts: [],
  models: [],
  report: null,
  warnings: [],
}
const report = { version: 2 } as Report

async function submit(idempotency: { key: string; bodySha256: string } | null = null) {
  const job = resolved(spec({ evaluation: { protocol: 'holdout', control: false } }))
  const id = identifiers.create('job')
  const outcome = await jobs.submit({
    id,
    spec: {},
    resolved: job,
    plan: planJob(job),
    idempotency,
  })
  return { id, outcome }
}
async function view(id: string) {
  const job = await jobs.get(id)
  if (!job) throw new Error(`no job ${id}`)
  return job
}
async function claim(jobId: string, key: string, leaseMs = LEASE_MS): Promise<ClaimedTask> {
  const task = (await view(jobId)).tasks.find((one) => one.key === key)
  const claimed = await tasks.claim(task?.id ?? '', 'worker-1', leaseMs)
  if (!claimed) throw new Error(`cannot claim ${key}`)
  return claimed
}
const statuses = async (id: string) =>
  Object.fromEntries((await view(id)).tasks.map((task) => [task.key, task.status]))
const eventTypes = async (id: string) => (await jobs.events(id, 0, 100)).map((event) => event.type)

test('tasks become ready as what they wait for succeeds, and the report ends the job', async () => {
  const { id } = await submit()
  expect(await statuses(id)).toEqual({
    'teacher/final': 'ready',
    'distilled/final': 'blocked',
    latency: 'blocked',
    report: 'blocked',
  })
  expect(await tasks.finish(await claim(id, 'teacher/final'), done)).toBe('finished')
  expect((await view(id)).status).toBe('running')
  expect(await statuses(id)).toMatchObject({ 'distilled/final': 'ready', report: 'blocked' })
  await tasks.finish(await claim(id, 'distilled/final'), done)
  await tasks.finish(await claim(id, 'latency'), done)
  await tasks.finish(await claim(id, 'report'), { ...done, report })
  expect(await view(id)).toMatchObject({ status: 'succeeded', finishedAt: expect.any(Date) })
  expect(await jobs.report(id)).toEqual(report)
  const events = await jobs.events(id, 0, 100)
  expect(events.map((event) => event.sequence)).toEqual(events.map((_, index) => index + 1))
  expect(events.at(-1)?.type).toBe('job-succeeded')
})

test('a warning of a task is an event before its success', async () => {
  const { id } = await submit()
  const task = await claim(id, 'teacher/final')
  const warning = { code: 'trained-eagerly', message: 'no graph for this' }
  await tasks.finish(task, { ...done, warnings: [warning] })
  const events = await jobs.events(id, 0, 100)
  expect(events.slice(-2)).toMatchObject([
    { type: 'task-warning', data: { task: 'teacher/final', attempt: 1, ...warning } },
    { type: 'task-succeeded', data: { task: 'teacher/final', attempt: 1 } },
  ])
})

test('a task is claimed by one of many workers that want it at once', async () => {
  const { id } = await submit()
  const task = (await view(id)).tasks[0]
  const claims = await Promise.all(
    Array.from({ length: 12 }, (_, worker) => tasks.claim(task?.id ?? '', `w${worker}`, LEASE_MS)),
  )
  expect(claims.filter((one) => one !== null)).toHaveLength(1)
})

test('a worker that was paused past its lease can change nothing, and the next attempt counts', async () => {
  const { id } = await submit()
  const first = await claim(id, 'teacher/final', 1)
  await new Promise((resolve) => setTimeout(resolve, 20))
  await dispatch.recoverExpired()
  expect(await tasks.heartbeat(first, LEASE_MS, null)).toBe('lost')
  await db.database.task.updateMany({ where: { jobId: id }, data: { notBefore: null } })
  const second = await claim(id, 'teacher/final')
  expect(second.attempt).toBe(2)
  expect(await tasks.heartbeat(first, LEASE_MS, null)).toBe('lost')
  expect(await tasks.finish(first, done)).toBe('lost')
  expect(await tasks.fail(first, { code: 'x', class: 'user', message: 'x' })).toBe('lost')
  await tasks.release(first)
  await tasks.confirmStopped(first)
  await tasks.recordEpochs(first, [{ epoch: 1, loss: 666 }])
  expect(await jobs.metrics(id)).toEqual([])
  expect(await tasks.heartbeat(second, LEASE_MS, null)).toBe('held')
  expect(await tasks.finish(second, done)).toBe('finished')
})

test('points of a learning curve are kept in order, and a new attempt begins an empty one', async () => {
  const { id } = await submit()
  const first = await claim(id, 'teacher/final')
  await tasks.recordEpochs(first, [
    { epoch: 2, loss: 0.5 },
    { epoch: 1, loss: 0.9 },
  ])
  expect((await jobs.metrics(id)).map(({ values }) => values)).toEqual([
    { epoch: 1, loss: 0.9 },
    { epoch: 2, loss: 0.5 },
  ])
  await tasks.release(first)
  await claim(id, 'teacher/final')
  expect(await jobs.metrics(id)).toEqual([])
})

test('a task whose worker dies three times fails the job and says so', async () => {
  const { id } = await submit()
  for (let death = 1; death <= 3; death++) {
    await db.database.task.updateMany({ where: { jobId: id }, data: { notBefore: null } })
    await claim(id, 'teacher/final', 1)
    await new Promise((resolve) => setTimeout(resolve, 20))
    await dispatch.recoverExpired()
  }
  expect(await view(id)).toMatchObject({
    status: 'failed',
    failure: { code: 'worker-lost', class: 'crash', task: 'teacher/final' },
  })
  expect(await statuses(id)).toMatchObject({ 'distilled/final': 'cancelled', report: 'cancelled' })
})

test('a mistake of the user fails the job at once; a system failure is tried again', async () => {
  const system = await submit()
  const failure = { code: 'disk', class: 'system', message: 'full' } as const
  expect(await tasks.fail(await claim(system.id, 'teacher/final'), failure)).toBe('retried')
  expect((await view(system.id)).status).toBe('running')
  const user = await submit()
  const mistake = { code: 'non-finite-loss', class: 'user', message: 'NaN' } as const
  expect(await tasks.fail(await claim(user.id, 'teacher/final'), mistake)).toBe('failed')
  expect((await view(user.id)).failure).toMatchObject({ ...mistake, task: 'teacher/final' })
})

test('cancelling what waits is immediate; what runs is told to stop first', async () => {
  const waiting = await submit()
  expect(await jobs.cancel(waiting.id)).toBe('accepted')
  expect((await view(waiting.id)).status).toBe('cancelled')

  const running = await submit()
  const task = await claim(running.id, 'teacher/final')
  await jobs.cancel(running.id)
  expect((await view(running.id)).status).toBe('cancelling')
  expect(await tasks.heartbeat(task, LEASE_MS, null)).toBe('stop')
  expect(await tasks.finish(task, done)).toBe('stopped')
  await tasks.confirmStopped(task)
  expect((await view(running.id)).status).toBe('cancelled')
  expect(await jobs.cancel(running.id)).toBe('already-terminal')
  expect((await eventTypes(running.id)).filter((type) => type === 'job-cancelled')).toHaveLength(1)
})

test('a job that is being cancelled ends even when its worker has died', async () => {
  const { id } = await submit()
  await claim(id, 'teacher/final', 1)
  await jobs.cancel(id)
  await new Promise((resolve) => setTimeout(resolve, 20))
  await dispatch.recoverExpired()
  expect((await view(id)).status).toBe('cancelled')
})

test('a task that is given back at shutdown is ready again and counts as nothing', async () => {
  const { id } = await submit()
  await tasks.release(await claim(id, 'teacher/final'))
  const row = await db.database.task.findFirstOrThrow({
    where: { jobId: id, key: 'teacher/final' },
  })
  expect(row).toMatchObject({ status: 'ready', crashes: 0, systemFailures: 0, leaseUntil: null })
})

test('the same idempotency key gives one job, however many ask at once', async () => {
  const key = { key: randomUUID(), bodySha256: 'a'.repeat(64) }
  const all = await Promise.all(Array.from({ length: 8 }, () => submit(key)))
  const created = all.filter(({ outcome }) => outcome.kind === 'created')
  expect(created).toHaveLength(1)
  for (const { outcome } of all)
    if (outcome.kind === 'replayed') expect(outcome.id).toBe(created[0]?.id)
  const other = await submit({ ...key, bodySha256: 'b'.repeat(64) })
  expect(other.outcome.kind).toBe('key-reused')
})

test('the database itself refuses to let a job leave a terminal state', async () => {
  const { id } = await submit()
  await jobs.cancel(id)
  await expect(
    db.database
      .$executeRaw`UPDATE jobs SET status = 'running', finished_at = NULL WHERE id = ${id}`,
  ).rejects.toThrow(/stays so/)
})

test('a job is deleted only when it has ended, with everything that belongs to it', async () => {
  const { id } = await submit()
  expect(await jobs.remove(id)).toBe('not-terminal')
  await jobs.cancel(id)
  expect(await jobs.remove(id)).toBe('removed')
  expect(await jobs.remove(id)).toBe('not-found')
  expect(await db.database.task.count({ where: { jobId: id } })).toBe(0)
})

test('dispatching takes the oldest job first, never more than the window, and nothing twice', async () => {
  await db.database.job.deleteMany()
  const first = await submit()
  await new Promise((resolve) => setTimeout(resolve, 5))
  const second = await submit()
  const taken = await dispatch.takeReady(1)
  expect(taken.map((entry) => entry.taskId)).toEqual([(await view(first.id)).tasks[0]?.id])
  expect(await dispatch.takeReady(1)).toEqual([])
  expect((await dispatch.takeReady(2)).map((entry) => entry.taskId)).toEqual([
    (await view(second.id)).tasks[0]?.id,
  ])
})

test('pages of jobs neither repeat nor skip a row', async () => {
  await db.database.job.deleteMany()
  const ids: string[] = []
  for (let count = 0; count < 5; count++) ids.unshift((await submit()).id)
  const seen: string[] = []
  let after: string | null = null
  do {
    const page = await jobs.list({ statuses: [], datasetId: null, name: null }, { limit: 2, after })
    seen.push(...page.rows.map((job) => job.id))
    after = page.next
  } while (after)
  expect(seen).toEqual(ids)
})

test('what a task left is found by its key until its job is deleted', async () => {
  const key = 'a'.repeat(64)
  const artifacts = [{ name: 'allLogits', sha256: 'b'.repeat(64) }]
  expect(await tasks.reusable(key)).toBeNull()
  const { id } = await submit()
  const task = await claim(id, 'teacher/final')
  await tasks.recordEpochs(task, [{ epoch: 1, loss: 2 }])
  await tasks.finish(task, { ...done, reuseKey: key, result: { steps: 3 }, artifacts })
  const found = await tasks.reusable(key)
  expect(found).toEqual({
    taskId: task.id,
    jobId: id,
    key: 'teacher/final',
    result: { steps: 3 },
    artifacts,
    epochs: [{ epoch: 1, loss: 2 }],
  })

  const later = await claim((await submit()).id, 'teacher/final')
  await jobs.cancel(id)
  await jobs.remove(id)
  expect(await tasks.reusable(key)).toBeNull()
  await expect(
    tasks.finish(later, { ...done, reuseKey: key, reusedTaskId: task.id, artifacts }),
  ).rejects.toThrow('has been deleted')
  expect((await view(later.jobId)).tasks[0]?.status).toBe('running')
})
