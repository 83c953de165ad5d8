/**
 * Brings the learning curve of an attempt to the task store, some points at a time: a small network finishes hundreds of
 * epochs a second, and a statement for each would take longer than the training.
 */
import type { TaskStore } from '../src/domain/ports.ts'
import type { ClaimedTask } from '../src/domain/task.ts'
import type { Logger } from '../src/logger.ts'
import type { EpochMetrics } from './trainer-contract.ts'

const EVERY_MS = 250

export interface EpochRecorder {
  add(metrics: EpochMetrics): void
  /** Resolves when everything that was added is stored. */
  drain(): Promise<void>
}

export function recordEpochsOf(
  task: ClaimedTask,
  tasks: Pick<TaskStore, 'recordEpochs'>,
  logger: Logger,
): EpochRecorder {
  let waiting: EpochMetrics[] = []
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    const points = waiting
    waiting = []
    if (points.length === 0) return
    writing = writing
      .then(() =>
        tasks.recordEpochs(
          task,
          points.map((point) => ({ ...point })),
        ),
      )
      // The curve is for looking at: a training is not given up for a gap in it.
      .catch((error: unknown) => logger.warn({ err: error }, 'epochs not recorded'))
  }

  return {
    add(metrics) {
      waiting.push(metrics)
      timer ??= setTimeout(flush, EVERY_MS)
    },
    async drain() {
      flush()
      await writing
    },
  }
}
