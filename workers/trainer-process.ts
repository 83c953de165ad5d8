/** One trainer process: started, given tasks one at a time, and ended for sure. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Failure } from '../src/domain/task.ts'
import { type TensorflowSettings, tensorflowEnvironment } from './tensorflow-environment.ts'
import type {
  EpochMetrics,
  Progress,
  Task,
  TaskResult,
  TrainerMessage,
} from './trainer-contract.ts'

/** What happened to a task that a trainer did not deliver. */
export class TrainerFailed extends Error {
  readonly code: string
  readonly class: Failure['class']
  readonly details: Readonly<Record<string, unknown>> | null
  constructor(
    code: string,
    kind: Failure['class'],
    message: string,
    details: Readonly<Record<string, unknown>> | null = null,
  ) {
    super(message)
    this.code = code
    this.class = kind
    this.details = details
  }
}

export interface TrainerSettings extends TensorflowSettings {
  readonly environment: Readonly<NodeJS.ProcessEnv>
}

export interface TaskListener {
  onProgress(progress: Progress): void
  onEpoch(metrics: EpochMetrics): void
  onOutput(line: string): void
}

const TRAINER = fileURLToPath(new URL('./trainer.ts', import.meta.url))
/** After SIGTERM. A trainer that computes has nothing to tidy up, so this is short. */
const GRACE_MS = 300
/** Last lines of output that are kept for the message of a crash. */
const LAST_LINES = 5

export class Trainer {
  readonly #child: ChildProcess
  readonly #ready: Promise<void>
  readonly #ended: Promise<string>
  readonly #lastLines: string[] = []
  #listener: TaskListener | undefined
  /** Tasks it has been given. */
  tasks = 0
  #alive = true

  constructor(settings: TrainerSettings) {
    this.#child = fork(TRAINER, [String(settings.threads)], {
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...settings.environment, ...tensorflowEnvironment(settings) },
    })
    this.#ended = new Promise<string>((resolve) => {
      this.#child.once('error', (error) => resolve(error.message))
      this.#child.once('close', (code, signal) => resolve(signal ?? `code ${code}`))
    }).then((ending) => {
      this.#alive = false
      return ending
    })
    // The first message is `ready`; a trainer that ends before it is noticed by `#ended`.
    this.#ready = Promise.race([once(this.#child, 'message'), this.#ended]).then(() => undefined)
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => this.#hear(text))
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get alive(): boolean {
    return this.#alive
  }

  #hear(text: string): void {
    for (const line of text.split('\n').filter((words) => words.trim() !== '')) {
      this.#listener?.onOutput(line)
      this.#lastLines.push(line)
      if (this.#lastLines.length > LAST_LINES) this.#lastLines.shift()
    }
  }

  /**
   * Executes a task. After anything but a result the trainer must not be used again: it is being ended.
   * @throws TrainerFailed when the task failed or the process died; the reason of `signal` when it was ended for that
   */
  async execute(task: Task, listener: TaskListener, signal: AbortSignal): Promise<TaskResult> {
    const stop = (): void => void this.end()
    signal.addEventListener('abort', stop, { once: true })
    this.#listener = listener
    this.tasks++
    try {
      signal.throwIfAborted()
      await this.#ready
      const answered = this.#answer(listener)
      if (this.#alive && this.#child.connected) this.#child.send(task)
      const outcome = await Promise.race([answered, this.#ended])
      signal.throwIfAborted()
      if (typeof outcome === 'string') throw this.#crash(outcome)
      if (outcome.type === 'result') return outcome.result
      const { code, class: kind, message, details } = outcome.failure
      throw new TrainerFailed(code, kind, message, details)
    } catch (error) {
      await this.end()
      throw error
    } finally {
      this.#listener = undefined
      signal.removeEventListener('abort', stop)
    }
  }

  #answer(
    listener: TaskListener,
  ): Promise<Extract<TrainerMessage, { type: 'result' | 'failure' }>> {
    return new Promise((resolve) => {
      const onMessage = (message: TrainerMessage): void => {
        switch (message.type) {
          case 'ready':
            break
          case 'progress':
            listener.onProgress(message.progress)
            break
          case 'epoch':
            listener.onEpoch(message.metrics)
            break
          case 'result':
          case 'failure':
            this.#child.off('message', onMessage)
            resolve(message)
        }
      }
      this.#child.on('message', onMessage)
    })
  }

  #crash(ending: string): TrainerFailed {
    const killed = ending === 'SIGKILL'
    const words =
      this.#lastLines.length > 0 ? `; its last words: ${this.#lastLines.join(' | ')}` : ''
    return new TrainerFailed(
      killed ? 'trainer-killed' : 'trainer-crashed',
      'crash',
      `the trainer ended with ${ending} before it delivered${killed ? ' (out of memory?)' : ''}${words}`,
    )
  }

  /** Ends the process: a request first, force after `GRACE_MS`. Resolves when it is gone. */
  async end(): Promise<void> {
    if (!this.#alive) return
    this.#child.kill('SIGTERM')
    const force = setTimeout(() => this.#child.kill('SIGKILL'), GRACE_MS)
    await this.#ended
    clearTimeout(force)
  }
}
