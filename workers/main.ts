/** The worker process: takes task ids from the queue, claims the tasks, has each executed by a trainer process. */

import { rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import path from 'node:path'
import closeWithGrace from 'close-with-grace'
import { startDispatcher } from '../src/application/dispatcher.ts'
import { readConfig, redacted } from '../src/config.ts'
import { identifiers } from '../src/identifiers.ts'
import { createLogger } from '../src/logger.ts'
import { PostgresBlobStore } from '../src/persistence/blob-store.ts'
import { openDatabase } from '../src/persistence/database.ts'
import { PrismaDispatchStore } from '../src/persistence/dispatch-store.ts'
import { READY_CHANNEL, STOP_CHANNEL } from '../src/persistence/job-transitions.ts'
import { listen } from '../src/persistence/listener.ts'
import { PrismaTaskStore } from '../src/persistence/task-store.ts'
import { PrismaWorkerRegistry } from '../src/persistence/worker-registry.ts'
import { consumeTasks } from '../src/queue/bullmq-task-consumer.ts'
import { BullMqTaskQueue } from '../src/queue/bullmq-task-queue.ts'

import { type AttemptPorts, runAttempt } from './attempt.ts'
import { BlobCache } from './blob-cache.ts'
import type { Stop } from './lease.ts'
import { TrainerPool } from './trainer-pool.ts'

/** Between two signs of life; readiness forgets a worker after three. */
const BEAT_MS = 2000
/** Between two looks for what can be deleted. */
const HOUSEKEEPING_MS = 10 * 60 * 1000

const config = readConfig()
const logger = createLogger(config.LOG_LEVEL, 'worker')
const logError = (what: string) => (error: unknown) => logger.error({ err: error }, what)
logger.info({ config: redacted(config) }, 'worker starts')

const {
  database,
  bytes,
  close: closeDatabase,
} = openDatabase(config.DATABASE_URL, config.DATABASE_CONNECTIONS, logError('database connection'))
const blobs = new PostgresBlobStore(database, bytes)
const tasks = new PrismaTaskStore(database)
const registry = new PrismaWorkerRegistry(database)
const queue = new BullMqTaskQueue(config.REDIS_URL, config.QUEUE_PREFIX, logError('queue'))
const me = {
  id: `${hostname()}-${process.pid}-${Date.now().toString(36)}`,
  hostname: hostname(),
  pid: process.pid,
  slots: config.WORKER_SLOTS,
}
const workDirectory = path.resolve(config.WORK_DIRECTORY)
// Named after this process: two workers on one machine share the cache of datasets and nothing else.
const attemptDirectory = path.join(workDirectory, 'attempts', me.id)
const cache = new BlobCache(blobs, path.join(workDirectory, 'blobs'))

await registry.beat(me)
const dispatcher = startDispatcher({
  store: new PrismaDispatchStore(database),
  queue,
  slots: () => registry.liveSlots(3 * BEAT_MS),
  onError: logError('dispatcher'),
})

const running = new Map<string, { jobId: string; stopped: AbortController; done: Promise<void> }>()
let closing = false
const stopJob = (jobId: string): void => {
  for (const attempt of running.values())
    if (attempt.jobId === jobId) attempt.stopped.abort('job-stopped' satisfies Stop)
}
const listener = listen(
  config.DATABASE_URL,
  { [STOP_CHANNEL]: stopJob, [READY_CHANNEL]: () => dispatcher.wake() },
  () => dispatcher.wake(),
)

const trainers = new TrainerPool({
  environment: config.trainerEnvironment,
  threads: config.TRAINER_THREADS,
  device: config.DISTILLERY_DEVICE,
})
const ports: AttemptPorts = {
  tasks,
  blobs,
  cache,
  ids: identifiers,
  logger,
  workDirectory: attemptDirectory,
  leaseMs: config.LEASE_MS,
  trainers,
}

async function take(taskId: string): Promise<void> {
  if (closing) return
  const claimed = await tasks.claim(taskId, me.id, config.LEASE_MS)
  if (!claimed) return
  const stopped = new AbortController()
  if (closing) stopped.abort('shutdown' satisfies Stop)
  const done = runAttempt(claimed, ports, stopped)
  running.set(taskId, { jobId: claimed.jobId, stopped, done })
  try {
    await done
  } finally {
    running.delete(taskId)
  }
}

const consumer = consumeTasks(
  {
    url: config.REDIS_URL,
    prefix: config.QUEUE_PREFIX,
    slots: config.WORKER_SLOTS,
    onError: logError('queue consumer'),
  },
  take,
)

const beat = (): void => {
  registry.beat(me).catch(logError('sign of life'))
}
const housekeep = (): void => {
  Promise.all([blobs.collectGarbage(), cache.prune()]).catch(logError('housekeeping'))
}
const timers = [setInterval(beat, BEAT_MS), setInterval(housekeep, HOUSEKEEPING_MS)]
housekeep()
logger.info({ worker: me }, 'worker is ready')

closeWithGrace({ delay: 20_000, logger }, async ({ signal, err }) => {
  if (err) logger.error({ err }, 'worker fails')
  logger.info({ signal }, 'worker stops')
  closing = true
  for (const timer of timers) clearInterval(timer)
  // First nothing new, then give back what runs, then let go of the connections that this needs.
  await consumer.pause()
  await dispatcher.close()
  for (const attempt of running.values()) attempt.stopped.abort('shutdown' satisfies Stop)
  await Promise.allSettled([...running.values()].map((attempt) => attempt.done))
  await trainers.close()
  await consumer.close()
  await listener.close()
  await registry.leave(me.id)
  await queue.close()
  await closeDatabase()
  await rm(attemptDirectory, { recursive: true, force: true })
  logger.info('worker has stopped')
})
