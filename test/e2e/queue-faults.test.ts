/** Redis carries ids and may lose them: emptied, killed or away, no job is lost. A Redis of its own, to be broken. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startRedis, stopRedis } from '../../scripts/services/redis.js'
import { processesIn, waitUntil } from '../../scripts/system/processes.js'
import { HttpClient } from '../support/http-client.ts'
import { type Service, startService } from '../support/service.ts'
import { foldedJob, isTraining, linearJob, QUICK_STUDENT } from '../support/small-jobs.ts'

const home = path.join(mkdtempSync(path.join(tmpdir(), 'distillery-queue-')), 'redis')
let redis: Awaited<ReturnType<typeof startRedis>>
let service: Service
const client = new HttpClient(() => service.url)

beforeAll(async () => {
  redis = await startRedis({ home })
  // One slot: while a task runs, the next one waits in the queue, where it can get lost.
  service = await startService({ env: { REDIS_URL: redis.url, WORKER_SLOTS: '1' } })
})
afterAll(async () => {
  await service?.stop()
  await stopRedis({ home })
  rmSync(path.dirname(home), { recursive: true, force: true })
})

async function killRedis(): Promise<void> {
  process.kill(redis.pid, 'SIGKILL')
  await waitUntil(() => processesIn(path.join(home, 'data')).length === 0, 5000)
}
async function restartRedis(): Promise<void> {
  redis = await startRedis({ home })
}

test('a queue that is emptied in the middle of a job is filled again', async () => {
  const connection = new Redis(redis.url)
  try {
    const waiting = async (): Promise<number> => {
      const lists = await connection.keys('*:tasks:wait')
      const lengths = await Promise.all(lists.map((key) => connection.llen(key)))
      return lengths.reduce((sum, length) => sum + length, 0)
    }
    const evaluation = { protocol: 'k-fold', folds: 2, control: false } as const
    const id = await client.submit(foldedJob({ evaluation, ...QUICK_STUDENT }, 30))
    await client.until(id, (job) => isTraining(job, 'teacher/fold-0'), 20)
    while ((await waiting()) === 0) await sleep(20)
    await connection.flushall()
    const job = await client.until(id, (now) => now.status === 'succeeded')
    // The task that ran went on; the one that was lost was found.
    expect(job.tasks.map((task) => task.attempt)).toEqual(job.tasks.map(() => 1))
  } finally {
    connection.disconnect()
  }
})

test('a queue that dies and comes back in the middle of a job does not fail it', async () => {
  const id = await client.submit(linearJob(QUICK_STUDENT, 60))
  await client.until(id, (job) => isTraining(job, 'teacher/final'), 20)
  await killRedis()
  await sleep(1500)
  await restartRedis()
  await client.until(id, (job) => job.status === 'succeeded')
})

test('a job is accepted while the queue is away, and runs when it is back', async () => {
  await killRedis()
  const id = await client.submit(linearJob())
  const ready = await client.send('GET', '/health/ready')
  expect([ready.status, ready.body.checks.database]).toEqual([503, 'ok'])
  expect(ready.body.checks.redis).not.toBe('ok')
  expect((await client.job(id)).status).toBe('queued')
  await restartRedis()
  await client.until(id, (job) => job.status === 'succeeded')
})
