/**
 * One attempt at one task, from claim to verdict. Nothing is thrown away silently: every way out of here writes to the
 * task store, or has learnt from it that the task is someone else's.
 */
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { BlobStore, Identifiers, TaskStore } from '../src/domain/ports.ts'
import type { ClaimedTask, Failure } from '../src/domain/task.ts'
import type { Logger } from '../src/logger.ts'
import type { BlobCache } from './blob-cache.ts'
import { buildTask } from './build-task.ts'
import { collectOutcome, takenOver } from './collect-outcome.ts'
import { recordEpochsOf } from './epoch-recorder.ts'
import { keepLease, type Stop } from './lease.ts'
import { reuseKey } from './reuse.ts'
import type { Progress } from './trainer-contract.ts'
import type { TrainerPool } from './trainer-pool.ts'
import { TrainerFailed } from './trainer-process.ts'

export interface AttemptPorts {
  readonly tasks: TaskStore
  readonly blobs: BlobStore
  readonly cache: BlobCache
  readonly ids: Identifiers
  readonly logger: Logger
  readonly workDirectory: string
  readonly leaseMs: number
  readonly trainers: TrainerPool
}

async function execute(
  claimed: ClaimedTask,
  ports: AttemptPorts,
  directory: string,
  onProgress: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<'finished' | 'stopped' | 'lost'> {
  const earlier = await ports.tasks.artifacts(claimed.jobId)
  const key = reuseKey(claimed, earlier)
  const done = key && (await ports.tasks.reusable(key))
  if (done) {
    await ports.tasks.recordEpochs(claimed, done.epochs)
    const delivered = await ports.tasks.models(claimed.jobId)
    const outcome = await takenOver(claimed, key, done, delivered, ports.blobs, ports.ids)
    return ports.tasks.finish(claimed, outcome)
  }
  const needed = new Set<string>()
  const task = buildTask(claimed, {
    earlier,
    fileOf: (sha256) => {
      needed.add(sha256)
      return ports.cache.pathOf(sha256)
    },
    outputDirectory: directory,
  })
  for (const sha256 of needed) {
    signal.throwIfAborted()
    await ports.cache.fetch(sha256)
  }
  const { logger } = ports
  const curve = recordEpochsOf(claimed, ports.tasks, logger)
  const result = await ports.trainers.run(
    task,
    {
      onProgress,
      onEpoch: curve.add,
      onOutput: (line) => logger.debug({ line }, 'trainer'),
    },
    signal,
  )
  await curve.drain()
  const delivered = await ports.tasks.models(claimed.jobId)
  const outcome = await collectOutcome(
    claimed,
    key,
    result,
    directory,
    delivered,
    ports.blobs,
    ports.ids,
  )
  return ports.tasks.finish(claimed, outcome)
}

const toFailure = (error: unknown): Failure =>
  error instanceof TrainerFailed
    ? { code: error.code, class: error.class, message: error.message, details: error.details }
    : {
        code: 'worker-error',
        class: 'system',
        message: error instanceof Error ? error.message : String(error),
      }

/** @param stopped aborted with a {@link Stop} when the worker shuts down or the job is stopped */
export async function runAttempt(
  claimed: ClaimedTask,
  ports: AttemptPorts,
  stopped: AbortController,
): Promise<void> {
  const logger = ports.logger.child({
    jobId: claimed.jobId,
    task: claimed.key,
    attempt: claimed.attempt,
  }) as Logger
  const directory = path.join(ports.workDirectory, `${claimed.id}-${claimed.attempt}`)
  const lease = keepLease(claimed, ports.tasks, ports.leaseMs, stopped, logger)
  logger.info('task started')
  try {
    await mkdir(directory, { recursive: true })
    const outcome = await execute(
      claimed,
      { ...ports, logger },
      directory,
      lease.report,
      stopped.signal,
    )
    logger.info({ outcome }, 'task finished')
    if (outcome === 'stopped') await ports.tasks.confirmStopped(claimed)
  } catch (error) {
    if (!stopped.signal.aborted) {
      const failure = toFailure(error)
      logger.warn({ failure, err: error }, 'task failed')
      await ports.tasks.fail(claimed, failure)
      return
    }
    const why = stopped.signal.reason as Stop
    logger.info({ why }, 'task stopped')
    switch (why) {
      case 'job-stopped':
        await ports.tasks.confirmStopped(claimed)
        break
      case 'shutdown':
        await ports.tasks.release(claimed)
        break
      case 'lease-lost':
        break
    }
  } finally {
    lease.close()
    await rm(directory, { recursive: true, force: true })
  }
}
