/** Runs one task in a child process of its own, because TensorFlow blocks the event loop, and ends the child for sure. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { threadsFor } from './engine-threads.ts'
import type {
  EpochMetrics,
  Progress,
  Task,
  TaskResult,
  TrainerMessage,
} from './trainer-contract.ts'

/** What happened to the child when it did not deliver. */
export class TrainerFailed extends Error {
  readonly code: string
  readonly class: 'user' | 'system' | 'crash'
  constructor(code: string, kind: 'user' | 'system' | 'crash', message: string) {
    super(message)
    this.code = code
    this.class = kind
  }
}

export interface TrainerOptions {
  readonly environment: Readonly<NodeJS.ProcessEnv>
  /** That the child may use. */
  readonly threads: number
  readonly device: 'cpu' | 'gpu'
  readonly onProgress: (progress: Progress) => void
  readonly onEpoch: (metrics: EpochMetrics) => void
  readonly onOutput: (line: string) => void
}

const TRAINER = fileURLToPath(new URL('./trainer.ts', import.meta.url))
/** After SIGTERM. A child that computes has nothing to tidy up, so this is short. */
const GRACE_MS = 300
/** Last lines of stderr that are kept for the message of a crash. */
const STDERR_LINES = 5

/** Settings that TensorFlow reads from its environment, once, when it is loaded. */
const tensorflowEnvironment = (
  threads: number,
  device: TrainerOptions['device'],
): NodeJS.ProcessEnv => ({
  TF_CPP_MIN_LOG_LEVEL: '2',
  // Keeps freed memory for the next step rather than asking the system again: steadier and faster.
  TF_CPU_ALLOCATOR_USE_BFC: 'true',
  TF_NUM_INTRAOP_THREADS: String(threads),
  TF_NUM_INTEROP_THREADS: '1',
  OMP_NUM_THREADS: String(threads),
  ...(device === 'cpu' ? { CUDA_VISIBLE_DEVICES: '-1' } : { TF_FORCE_GPU_ALLOW_GROWTH: 'true' }),
})

function start(task: Task, options: TrainerOptions): ChildProcess {
  const threads = threadsFor(task, options.threads)
  return fork(TRAINER, {
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...options.environment, ...tensorflowEnvironment(threads, options.device) },
  })
}

/** Ends the child: a request first, force after `GRACE_MS`. */
function end(child: ChildProcess): void {
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
  child.once('exit', () => clearTimeout(force))
}

/**
 * Resolves when the child has delivered and is gone.
 * @throws TrainerFailed when it failed or died; the reason of `signal` when it was ended because of that
 */
export async function runInTrainer(
  task: Task,
  options: TrainerOptions,
  signal: AbortSignal,
): Promise<TaskResult> {
  signal.throwIfAborted()
  const child = start(task, options)
  const stop = (): void => end(child)
  signal.addEventListener('abort', stop, { once: true })
  const lastWords: string[] = []
  let outcome: TaskResult | TrainerFailed | undefined

  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\n').filter((words) => words.trim() !== '')) {
        options.onOutput(line)
        lastWords.push(line)
        if (lastWords.length > STDERR_LINES) lastWords.shift()
      }
    })
  child.on('message', (message: TrainerMessage) => {
    switch (message.type) {
      case 'ready':
        child.send(task)
        break
      case 'progress':
        options.onProgress(message.progress)
        break
      case 'epoch':
        options.onEpoch(message.metrics)
        break
      case 'result':
        outcome = message.result
        break
      case 'failure': {
        const { code, class: kind, message: words } = message.failure
        outcome = new TrainerFailed(code, kind, words)
        break
      }
    }
  })
  try {
    const ending = await new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message))
      child.once('close', (code, name) => resolve(name ?? `code ${code}`))
    })
    signal.throwIfAborted()
    if (outcome instanceof TrainerFailed) throw outcome
    if (outcome) return outcome
    const words = lastWords.length > 0 ? `; its last words: ${lastWords.join(' | ')}` : ''
    throw new TrainerFailed(
      ending === 'SIGKILL' ? 'trainer-killed' : 'trainer-crashed',
      'crash',
      `the trainer ended with ${ending} before it delivered${ending === 'SIGKILL' ? ' (out of memory?)' : ''}${words}`,
    )
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
