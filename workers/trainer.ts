/**
 * A trainer: a child process that executes tasks, one at a time, over IPC. It knows files and numbers; no queue, no
 * database. It stays for the next task, which finds TensorFlow loaded, and ends when its parent lets go of it or is gone.
 * SIGTERM has no handler on purpose: a handler would wait for the main thread, which TensorFlow blocks, while the default
 * ends the process at once; the outputs of an attempt count only once its result arrived, so there is nothing to tidy up.
 */
import { executeTask } from './execute-task.ts'
import { dieWithParent } from './orphan-guard.ts'
import { toTaskFailure } from './task-failure.ts'
import type { Task, TrainerMessage } from './trainer-contract.ts'

/** Given by whoever starts it. */
const THREADS = Math.max(1, Number(process.argv[2]) || 1)
/** Between two progress messages of one phase. */
const PROGRESS_MS = 250

function send(message: TrainerMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    if (!process.send) return reject(new Error('no IPC channel: a trainer is started by fork'))
    process.send(message, (error: Error | null) => (error ? reject(error) : resolve()))
  })
}

/** For messages that nothing waits for: without a channel the process ends on `disconnect`. */
const post = (message: TrainerMessage): void => {
  send(message).catch(() => undefined)
}

function progressPoster() {
  let lastPhase = ''
  let lastAt = 0
  return (progress: Extract<TrainerMessage, { type: 'progress' }>['progress']): void => {
    const now = performance.now()
    if (progress.phase === lastPhase && now - lastAt < PROGRESS_MS) return
    lastPhase = progress.phase
    lastAt = now
    post({ type: 'progress', progress })
  }
}

async function attempt(task: Task): Promise<TrainerMessage> {
  try {
    const result = await executeTask(
      task,
      {
        threads: THREADS,
        onProgress: progressPoster(),
        onEpoch: (metrics) => post({ type: 'epoch', metrics }),
      },
      new AbortController().signal,
    )
    return { type: 'result', result }
  } catch (error) {
    return { type: 'failure', failure: toTaskFailure(error) }
  }
}

dieWithParent()
let busy = false
process.on('disconnect', () => process.exit(busy ? 1 : 0))
process.on('message', async (task: Task) => {
  busy = true
  const answer = await attempt(task)
  busy = false
  await send(answer)
})
await send({ type: 'ready' })
// While nobody waits: the first task then finds TensorFlow loaded.
await import('./engine/run-task.ts')
