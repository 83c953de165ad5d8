/**
 * Trainers that wait for a task with TensorFlow loaded, so that a task starts at once and twenty small ones do not load
 * it twenty times. A trainer executes one task at a time; after a failure, a crash or a stop it is never used again.
 */
import type { Task, TaskResult } from './trainer-contract.ts'
import { type TaskListener, Trainer, type TrainerSettings } from './trainer-process.ts'

/** Then replaced, so that whatever a task leaves behind does not add up for ever. */
const TASKS_PER_TRAINER = 50
/** A trainer more than the one that is always kept waits this long for work. */
const IDLE_MS = 60_000

export class TrainerPool {
  readonly #settings: TrainerSettings
  readonly #waiting: { trainer: Trainer; since: number }[] = []
  readonly #timer: NodeJS.Timeout
  #closed = false

  constructor(settings: TrainerSettings) {
    this.#settings = settings
    this.#timer = setInterval(() => this.#dismiss(), IDLE_MS / 4)
    this.#wait(new Trainer(settings))
  }

  #wait(trainer: Trainer): void {
    if (this.#closed) void trainer.end()
    else this.#waiting.push({ trainer, since: performance.now() })
  }

  /** The one that worked last, whose memory is warm. */
  #take(): Trainer {
    for (let next = this.#waiting.pop(); next; next = this.#waiting.pop())
      if (next.trainer.alive) return next.trainer
    return new Trainer(this.#settings)
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
    const trainer = this.#take()
    try {
      const result = await trainer.execute(task, listener, signal)
      if (trainer.tasks < TASKS_PER_TRAINER) this.#wait(trainer)
      else void trainer.end()
      return result
    } finally {
      // The next task should not pay for what happened to this one.
      if (this.#waiting.length === 0 && !this.#closed) this.#wait(new Trainer(this.#settings))
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#timer)
    await Promise.all(this.#waiting.splice(0).map(({ trainer }) => trainer.end()))
  }
}
