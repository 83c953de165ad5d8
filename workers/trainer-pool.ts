/**
 * Trainers that wait for a task with TensorFlow loaded, so that a task starts at once and twenty small ones do not load
 * it twenty times. A trainer executes one task at a time; after a failure, a crash or a stop it is never used again.
 */
import { threadsFor } from './engine-threads.ts'
import type { Task, TaskResult } from './trainer-contract.ts'
import { type TaskListener, Trainer, type TrainerSettings } from './trainer-process.ts'

/** Then replaced, so that whatever a task leaves behind does not add up for ever. */
const TASKS_PER_TRAINER = 50
/** A trainer more than the one that is always kept waits this long for work. */
const IDLE_MS = 60_000

export class TrainerPool {
  readonly #settings: TrainerSettings
  readonly #waiting: { trainer: Trainer; threads: number; since: number }[] = []
  readonly #timer: NodeJS.Timeout
  #closed = false

  constructor(settings: TrainerSettings) {
    this.#settings = settings
    this.#timer = setInterval(() => this.#dismiss(), IDLE_MS / 4)
    this.#wait(this.#start(1), 1)
  }

  #start(threads: number): Trainer {
    return new Trainer({ ...this.#settings, threads })
  }

  #wait(trainer: Trainer, threads: number): void {
    if (this.#closed) void trainer.end()
    else this.#waiting.push({ trainer, threads, since: performance.now() })
  }

  /** The one that worked last with as many threads, whose memory is warm. */
  #take(threads: number): Trainer {
    for (;;) {
      const place = this.#waiting.findLastIndex((one) => one.threads === threads)
      const [found] = place < 0 ? [] : this.#waiting.splice(place, 1)
      if (!found) return this.#start(threads)
      if (found.trainer.alive) return found.trainer
    }
  }

  #dismiss(): void {
    while (this.#waiting.length > 1) {
      const [oldest] = this.#waiting
      if (!oldest || performance.now() - oldest.since < IDLE_MS) return
      this.#waiting.shift()
      void oldest.trainer.end()
    }
  }

  /** @throws as `Trainer.execute` */
  async run(task: Task, listener: TaskListener, signal: AbortSignal): Promise<TaskResult> {
    signal.throwIfAborted()
    // A process keeps the number of threads that TensorFlow was loaded with.
    const threads = threadsFor(task, this.#settings.threads)
    const trainer = this.#take(threads)
    try {
      const result = await trainer.execute(task, listener, signal)
      if (trainer.tasks < TASKS_PER_TRAINER) this.#wait(trainer, threads)
      else void trainer.end()
      return result
    } finally {
      // The next task should not pay for what happened to this one.
      if (this.#waiting.length === 0 && !this.#closed) this.#wait(this.#start(threads), threads)
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#timer)
    await Promise.all(this.#waiting.splice(0).map(({ trainer }) => trainer.end()))
  }
}
