/** A job's events as a stream, on a real server and a real Postgres. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { planJob } from '../../src/domain/job-plan.ts'
import { identifiers } from '../../src/identifiers.ts'
import { PrismaJobStore } from '../../src/persistence/job-store.ts'
import { type Api, createApi } from '../support/api.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { resolved, spec } from '../support/specs.ts'

let db: TestDatabase
let api: Api
let jobs: PrismaJobStore
let base: string
beforeAll(async () => {
  db = await createTestDatabase()
  api = await createApi(db)
  jobs = new PrismaJobStore(db.database)
  base = await api.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(async () => {
  await api.close()
  await db.drop()
})

async function submit(): Promise<string> {
  const job = resolved(spec({ evaluation: { protocol: 'holdout' } }))
  const id = identifiers.create('job')
  await jobs.submit({ id, spec: {}, resolved: job, plan: planJob(job), idempotency: null })
  return id
}

interface Message {
  readonly event: string
  readonly id: string | undefined
}

/** Reads messages until `enough`, or to the end. */
async function read(
  id: string,
  headers: Record<string, string> = {},
  enough: (messages: Message[]) => boolean = () => false,
): Promise<Message[]> {
  const stop = new AbortController()
  const response = await fetch(`${base}/v1/jobs/${id}/events`, {
    headers: { accept: 'text/event-stream', ...headers },
    signal: stop.signal,
  })
  expect(response.headers.get('content-type')).toContain('text/event-stream')
  const messages: Message[] = []
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString()
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1]
      const event = field('event')
      if (event) messages.push({ event, id: field('id') })
    }
    if (enough(messages)) break
  }
  return messages
}
const numbered = (messages: readonly Message[]) => messages.filter(({ id }) => id !== undefined)

test('a stream tells what happened and ends when the job has ended', async () => {
  const id = await submit()
  const reading = read(id)
  await new Promise((resolve) => setTimeout(resolve, 700))
  await jobs.cancel(id)
  const messages = await reading
  expect(numbered(messages).map(({ event }) => event)).toEqual([
    'job-submitted',
    'job-cancelling',
    'job-cancelled',
  ])
  expect(messages.some(({ event }) => event === 'progress')).toBe(true)
  expect(messages.at(-1)?.event).toBe('end')
})

test('a stream that broke goes on where it was, without gap or repetition', async () => {
  const id = await submit()
  const first = numbered(await read(id, {}, (messages) => numbered(messages).length === 1))
  await jobs.cancel(id)
  const rest = numbered(await read(id, { 'last-event-id': first.at(-1)?.id ?? '' }))
  expect([...first, ...rest].map(({ id: number }) => number)).toEqual(['1', '2', '3'])
})

test('the same events are JSON for those who do not ask for a stream', async () => {
  const id = await submit()
  const response = await fetch(`${base}/v1/jobs/${id}/events`)
  expect(await response.json()).toMatchObject({ data: [{ sequence: 1, type: 'job-submitted' }] })
})

test('an unknown job is a problem, not an empty stream', async () => {
  const response = await fetch(`${base}/v1/jobs/job_nope/events`, {
    headers: { accept: 'text/event-stream' },
  })
  expect(response.status).toBe(404)
  expect(response.headers.get('content-type')).toContain('application/problem+json')
})

test('a server that closes ends its streams', async () => {
  const own = await createApi(db)
  const url = await own.listen({ host: '127.0.0.1', port: 0 })
  const id = await submit()
  const response = await fetch(`${url}/v1/jobs/${id}/events`, {
    headers: { accept: 'text/event-stream' },
  })
  const body = response.text()
  await own.close()
  expect(await body).toContain('job-submitted')
})
