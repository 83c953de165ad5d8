/** From Postgres to the queue: every ready task gets there, in order, and gets there again when the queue lost it. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Queue } from 'bullmq'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Dispatcher, startDispatcher } from '../../src/application/dispatcher.ts'
import { planJob } from '../../src/domain/job-plan.ts'
import type { QueueEntry, TaskQueue } from '../../src/domain/ports.ts'
import { identifiers } from '../../src/identifiers.ts'
import { PrismaDispatchStore } from '../../src/persistence/dispatch-store.ts'
import { PrismaJobStore } from '../../src/persistence/job-store.ts'
import { PrismaTaskStore } from '../../src/persistence/task-store.ts'
import { BullMqTaskQueue } from '../../src/queue/bullmq-task-queue.ts'
import { connection, QUEUE_NAME, queueJobId } from '../../src/queue/contract.ts'
import { createTestDatabase, needed, type TestDatabase } from '../support/database.ts'
import { resolved, spec } from '../support/specs.ts'

const LEASE_MS = 60_000

let db: TestDatabase
let jobs: PrismaJobStore
let tasks: PrismaTaskStore
let store: PrismaDispatchStore
let queue: BullMqTaskQueue
/** The same queue, looked at from outside. */
let seen: Queue
const dispatchers: Dispatcher[] = []
const errors: unknown[] = []

beforeAll(async () => {
  db = await createTestDatabase()
  jobs = new PrismaJobStore(db.database)
  tasks = new PrismaTaskStore(db.database)
  store = new PrismaDispatchStore(db.database)
})
beforeEach(async () => {
  await db.database.job.deleteMany()
  errors.length = 0
  const prefix = `test-${randomUUID()}`
  queue = new BullMqTaskQueue(needed('REDIS_URL'), prefix, () => {})
  seen = new Queue(QUEUE_NAME, { connection: connection(needed('REDIS_URL')), prefix })
})
afterEach(async () => {
  await Promise.all(dispatchers.splice(0).map((one) => one.close()))
  await seen.obliterate({ force: true })
  await Promise.all([seen.close(), queue.close()])
})
afterAll(() => db.drop())

function dispatch(slots = 2, to: TaskQueue = queue): Dispatcher {
  const dispatcher = startDispatcher({
    store,
    queue: to,
    slots: async () => slots,
    onError: (error) => errors.push(error),
  })
  dispatchers.push(dispatcher)
  return dispatcher
}

/** Two folds without control: two tasks are ready at once, and the teacher of the final. */
async function submit(): Promise<string> {
  const job = resolved(spec({ evaluation: { protocol: 'k-fold', folds: 2, control: false } }))
  const id = identifiers.create('job')
  await jobs.submit({ id, spec: {}, resolved: job, plan: planJob(job), idempotency: null })
  return id
}
async function entry(id: string, key: string): Promise<QueueEntry> {
  const task = (await jobs.get(id))?.tasks.find((one) => one.key === key)
  if (!task) throw new Error(`no task ${key}`)
  return { taskId: task.id, attempt: task.attempt }
}
const queued = async (): Promise<string[]> =>
  (await seen.getJobs(['wait'], 0, -1, true)).map((queueJob) => queueJob.id ?? '')

async function eventually<Value>(look: () => Promise<Value>, wanted: Value): Promise<void> {
  await expect.poll(look, { timeout: 15_000, interval: 50 }).toEqual(wanted)
}

test('an entry that is added twice waits once, and the next attempt is another entry', async () => {
  const taskId = randomUUID()
  await queue.add([{ taskId, attempt: 0 }])
  await Promise.all([
    queue.add([{ taskId, attempt: 0 }]),
    queue.add([
      { taskId, attempt: 0 },
      { taskId, attempt: 1 },
    ]),
  ])
  expect((await queued()).sort()).toEqual([`${taskId}-0`, `${taskId}-1`])
})

test('the queue says which entries it does not have', async () => {
  const [known, lost] = [randomUUID(), randomUUID()].map((taskId) => ({ taskId, attempt: 3 }))
  if (!known || !lost) throw new Error('unreachable')
  await queue.add([known])
  expect(await queue.missing([known, lost])).toEqual([lost])
  await seen.obliterate({ force: true })
  expect(await queue.missing([known, lost])).toEqual([known, lost])
})

test('as many tasks are queued as there are slots, the oldest job first, and one more for each that is claimed', async () => {
  const first = await submit()
  await sleep(5)
  const second = await submit()
  const entries = await Promise.all([
    ...['teacher/fold-0', 'teacher/fold-1', 'teacher/final'].map((key) => entry(first, key)),
    entry(second, 'teacher/fold-0'),
  ])
  const [one, two, three, four] = entries.map(queueJobId)
  dispatch(2)
  await eventually(queued, [one, two])
  for (const claimed of entries.slice(0, 2)) {
    await tasks.claim(claimed.taskId, 'worker', LEASE_MS)
    await seen.remove(queueJobId(claimed))
  }
  await eventually(queued, [three, four])
  expect(errors).toEqual([])
})

test('two dispatchers at once queue nothing twice', async () => {
  const id = await submit()
  for (let count = 0; count < 4; count++) dispatch(3).wake()
  const wanted = ['teacher/fold-0', 'teacher/fold-1', 'teacher/final']
  const ids = await Promise.all(wanted.map(async (key) => queueJobId(await entry(id, key))))
  await eventually(queued, ids)
  await sleep(1200)
  expect(await queued()).toEqual(ids)
})

test('what the queue has lost is queued again', async () => {
  const id = await submit()
  const wanted = [queueJobId(await entry(id, 'teacher/fold-0'))]
  dispatch(1)
  await eventually(queued, wanted)
  await seen.obliterate({ force: true })
  expect(await queued()).toEqual([])
  await eventually(queued, wanted)
})

test('when the queue takes nothing, the tasks are queued as soon as it does', async () => {
  const id = await submit()
  let down = true
  const flaky: TaskQueue = {
    add: async (entries) => {
      if (down) throw new Error('the queue is down')
      await queue.add(entries)
    },
    missing: (entries) => queue.missing(entries),
  }
  dispatch(1, flaky)
  await expect.poll(() => errors.length, { timeout: 10_000 }).toBeGreaterThan(0)
  expect(await db.database.task.count({ where: { dispatchedAt: { not: null } } })).toBe(0)
  down = false
  await eventually(queued, [queueJobId(await entry(id, 'teacher/fold-0'))])
})

test('the task of a worker that died is queued again as the next attempt', async () => {
  const id = await submit()
  const first = await entry(id, 'teacher/fold-0')
  dispatch(4)
  await expect.poll(queued, { timeout: 10_000 }).toContain(queueJobId(first))
  expect((await tasks.claim(first.taskId, 'worker', 50))?.attempt).toBe(1)
  // What a worker leaves in the queue when it dies does not keep the next attempt out.
  expect(await queued()).toContain(queueJobId(first))
  await expect.poll(queued, { timeout: 15_000 }).toContain(`${first.taskId}-1`)
})

test('a cancelled job leaves nothing to queue', async () => {
  const id = await submit()
  await jobs.cancel(id)
  dispatch(4)
  await sleep(300)
  expect(await queued()).toEqual([])
})
