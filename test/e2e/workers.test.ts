/** Workers that come, go, and are killed: jobs go on, and nothing is left behind. */
import { expect, test } from 'vitest'
import { waitUntil } from '../../scripts/system/processes.js'
import type { Job } from '../../src/cli/client.ts'
import { HttpClient } from '../support/http-client.ts'
import { useService } from '../support/service.ts'
import { foldedJob, isTraining, linearJob, QUICK_STUDENT, taskOf } from '../support/small-jobs.ts'

/** Of a task that a test interrupts: long enough to be caught in its middle. */
const LONG_EPOCHS = 80
const TEACHER = 'teacher/final'

const service = useService({ workers: 2, env: { WORKER_SLOTS: '1', TRAINER_THREADS: '1' } })
const client = new HttpClient(() => service().url)
const eventsOf = async (job: Job) => {
  const { body } = await client.send('GET', `/v1/jobs/${job.id}/events`)
  return body.data as { type: string; data: Record<string, unknown> }[]
}

/** Index of the worker that runs a task: its id has its pid. */
function workerOf(job: Job, key: string): number {
  const pid = Number(taskOf(job, key).workerId?.split('-').at(-2))
  const index = service().workers.findIndex((worker) => worker.pid === pid)
  if (index < 0) throw new Error(`no worker of this test has pid ${pid}`)
  return index
}

test('two workers train two folds of one job at the same time', async () => {
  const evaluation = { protocol: 'k-fold', folds: 2, control: false } as const
  const job = await client.run(foldedJob({ evaluation }, 20))
  const [first, second] = [taskOf(job, 'teacher/fold-0'), taskOf(job, 'teacher/fold-1')]
  expect(first.workerId).not.toBe(second.workerId)
  const at = (time: string | null): number => Date.parse(time ?? '')
  expect(at(first.startedAt)).toBeLessThan(at(second.finishedAt))
  expect(at(second.startedAt)).toBeLessThan(at(first.finishedAt))
  expect(new Set(job.tasks.map((task) => task.workerId)).size).toBe(2)
})

test('a worker that is killed costs an attempt, and its trainer ends with it', async () => {
  const id = await client.submit(linearJob(QUICK_STUDENT, LONG_EPOCHS))
  const running = await client.until(id, (job) => isTraining(job, TEACHER), 20)
  const worker = workerOf(running, TEACHER)
  const trainers = service().trainers(worker)
  expect(trainers.length).toBeGreaterThan(0)
  await service().killWorker(worker)
  const gone = await waitUntil(
    () =>
      !service()
        .trainers()
        .some((pid) => trainers.includes(pid)),
    1500,
  )
  expect(gone).toBe(true)
  const job = await client.until(id, (now) => now.status === 'succeeded')
  const [before, after] = [taskOf(running, TEACHER), taskOf(job, TEACHER)]
  expect([before.attempt, after.attempt]).toEqual([1, 2])
  expect(after.workerId).not.toBe(before.workerId)
  expect(await eventsOf(job)).toContainEqual(
    expect.objectContaining({
      type: 'task-retried',
      data: expect.objectContaining({
        task: TEACHER,
        attempt: 1,
        code: 'worker-lost',
        class: 'crash',
      }),
    }),
  )
  const { body } = await client.send('GET', `/v1/jobs/${id}/metrics`)
  const curve = body.data.find((series: { task: string }) => series.task === TEACHER)
  expect(curve.attempt).toBe(2)
  expect(curve.epochs).toHaveLength(LONG_EPOCHS)
})

test('a worker that is asked to end gives its task back, uncounted, and exits with 0', async () => {
  // Another seed: what the teacher of the test above left would be taken over.
  const id = await client.submit(linearJob({ ...QUICK_STUDENT, seed: 8 }, LONG_EPOCHS))
  const running = await client.until(id, (job) => isTraining(job, TEACHER), 20)
  const index = workerOf(running, TEACHER)
  const trainers = service().trainers(index)
  expect(trainers.length).toBeGreaterThan(0)
  const worker = service().workers[index]
  worker?.child.kill('SIGTERM')
  expect(await worker?.ended).toBe(0)
  const left = service().trainers()
  expect(trainers.filter((pid) => left.includes(pid))).toEqual([])
  expect((await client.job(id)).status).toBe('running')
  service().addWorker()
  const job = await client.until(id, (now) => now.status === 'succeeded')
  expect(taskOf(job, TEACHER).attempt).toBe(2)
  const types = (await eventsOf(job)).map((event) => event.type)
  expect(types).toContain('task-released')
  expect(types).not.toContain('task-retried')
})

test('the API exits with 0 when it is asked to end', async () => {
  service().api.child.kill('SIGTERM')
  expect(await service().api.ended).toBe(0)
})
