/** Many clients at once, and clients that change their mind. */
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { HttpClient } from '../support/http-client.ts'
import { useService } from '../support/service.ts'
import { endlessJob, isTraining, linearJob, QUICK_STUDENT, taskOf } from '../support/small-jobs.ts'

const service = useService()
const client = new HttpClient(() => service().url)

test('ten jobs that come at once all end, the first before the last has begun', {
  timeout: 240_000,
}, async () => {
  const ids = await Promise.all(
    Array.from({ length: 10 }, (_, index) => client.submit(linearJob({ name: `job ${index}` }, 1))),
  )
  expect(new Set(ids).size).toBe(10)
  const jobs = await Promise.all(
    ids.map((id) => client.until(id, (job) => job.status === 'succeeded', 500)),
  )
  const inOrder = jobs.sort((a, b) => (a.id < b.id ? -1 : 1))
  expect(Date.parse(inOrder[0]?.finishedAt ?? '')).toBeLessThan(
    Date.parse(inOrder[9]?.startedAt ?? ''),
  )
  const { body } = await client.send('GET', '/v1/jobs?status=succeeded&limit=100')
  expect(body.data.map((job: { id: string }) => job.id).sort()).toEqual([...ids].sort())
})

test('a running job is cancelled within two seconds, and its trainer is gone', async () => {
  const id = await client.submit(endlessJob())
  await client.until(id, (job) => isTraining(job, 'teacher/final'))
  const trainers = service().trainers()
  expect(trainers.length).toBeGreaterThan(0)
  const early = await client.send('DELETE', `/v1/jobs/${id}`)
  expect([early.status, early.body.code]).toEqual([409, 'job-not-terminal'])

  const answer = await client.send('POST', `/v1/jobs/${id}/cancel`)
  expect(answer.status).toBe(202)
  expect(['cancelling', 'cancelled']).toContain(answer.body.status)
  const job = await client.until(id, (now) => now.status === 'cancelled')
  // Others may live and wait for a task.
  const left = service().trainers()
  expect(trainers.filter((pid) => !left.includes(pid))).toHaveLength(1)
  expect(job.tasks.map((task) => task.status)).toEqual(job.tasks.map(() => 'cancelled'))
  const { body } = await client.send('GET', `/v1/jobs/${id}/events`)
  const at = (type: string): number =>
    Date.parse(body.data.find((event: { type: string }) => event.type === type).at)
  expect(at('job-cancelled') - at('job-cancelling')).toBeLessThan(2000)

  const again = await client.send('POST', `/v1/jobs/${id}/cancel`)
  expect([again.status, again.body.status]).toEqual([202, 'cancelled'])
  expect((await client.send('DELETE', `/v1/jobs/${id}`)).status).toBe(204)
})

test('a trainer that dies is replaced, and the attempt is counted', async () => {
  const id = await client.submit(linearJob(QUICK_STUDENT, 60))
  await client.until(id, (job) => isTraining(job, 'teacher/final'), 20)
  for (const pid of service().trainers()) process.kill(pid, 'SIGKILL')
  const job = await client.until(id, (now) => now.status === 'succeeded')
  expect(taskOf(job, 'teacher/final').attempt).toBe(2)
  const { body } = await client.send('GET', `/v1/jobs/${id}/events`)
  expect(body.data).toContainEqual(
    expect.objectContaining({
      type: 'task-retried',
      data: expect.objectContaining({ code: 'trainer-killed', class: 'crash' }),
    }),
  )
})

test('the same request with the same key gives one job, eight times at once', async () => {
  const headers = { 'idempotency-key': randomUUID() }
  const spec = endlessJob({ name: 'once' })
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => client.send('POST', '/v1/jobs', spec, headers)),
  )
  expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 202))
  const ids = new Set(answers.map((answer) => answer.body.id))
  expect(ids.size).toBe(1)
  const replayed = answers.filter((answer) => answer.headers.get('idempotent-replayed') === 'true')
  expect(replayed).toHaveLength(7)
  expect((await client.send('GET', '/v1/jobs?name=once')).body.data).toHaveLength(1)
  const other = await client.send('POST', '/v1/jobs', { ...spec, seed: 1 }, headers)
  expect([other.status, other.body.code]).toEqual([422, 'idempotency-key-reused'])
  const [id] = ids
  await client.send('POST', `/v1/jobs/${id}/cancel`)
  await client.until(id, (job) => job.status === 'cancelled')
})
