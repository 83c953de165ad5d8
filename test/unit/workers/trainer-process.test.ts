/** Real trainer processes: what they deliver, how they end, and that a used one gives the same numbers as a fresh one. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { OUTPUT_FILES, type Task } from '../../../workers/trainer-contract.ts'
import { TrainerPool } from '../../../workers/trainer-pool.ts'
import { Trainer } from '../../../workers/trainer-process.ts'
import { trainingOf } from '../engine/support.ts'
import { taskFiles } from '../engine/task-files.ts'

const files = taskFiles()
afterAll(() => files[Symbol.dispose]())
const settings = { environment: process.env, threads: 1, device: 'cpu' } as const
const silent = { onProgress: () => {}, onEpoch: () => {}, onOutput: () => {} }
const never = new AbortController().signal
const TIMEOUT_MS = 60_000

const open: { end(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((trainer) => trainer.end()))
})
function start(): Trainer {
  const trainer = new Trainer(settings)
  open.push(trainer)
  return trainer
}
const isAlive = (pid: number | undefined): boolean => {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
const logits = (task: Task): Buffer =>
  readFileSync(path.join(task.outputDirectory, OUTPUT_FILES.heldOutLogits))

test(
  'a trainer that has worked before gives the same bytes as a fresh one',
  async () => {
    const [first, second, fresh] = [files.task(), files.task(), files.task()]
    const used = start()
    await used.execute(first, silent, never)
    await used.execute(second, silent, never)
    await start().execute(fresh, silent, never)
    expect(used.tasks).toBe(2)
    expect(logits(second).equals(logits(first))).toBe(true)
    expect(logits(fresh).equals(logits(first))).toBe(true)
  },
  TIMEOUT_MS,
)

test(
  'an abort in the middle of training ends the process, and its reason is what is thrown',
  async () => {
    const trainer = start()
    const stopped = new AbortController()
    const training = trainer.execute(
      files.task({ training: trainingOf({ epochs: 10_000 }) }),
      { ...silent, onEpoch: () => stopped.abort('job-stopped') },
      stopped.signal,
    )
    await expect(training).rejects.toBe('job-stopped')
    expect(isAlive(trainer.pid)).toBe(false)
  },
  TIMEOUT_MS,
)

test(
  'a trainer that is killed is a crash, counted apart from failures',
  async () => {
    const trainer = start()
    const training = trainer.execute(
      files.task({ training: trainingOf({ epochs: 10_000 }) }),
      { ...silent, onEpoch: () => process.kill(trainer.pid ?? 0, 'SIGKILL') },
      never,
    )
    await expect(training).rejects.toMatchObject({ class: 'crash', code: 'trainer-killed' })
  },
  TIMEOUT_MS,
)

test(
  'a mistake in the data is the failure that the trainer named',
  async () => {
    const dataset = { ...files.dataset, rows: 91 }
    await expect(start().execute(files.task({ dataset }), silent, never)).rejects.toMatchObject({
      class: 'user',
      code: 'file-length',
    })
  },
  TIMEOUT_MS,
)

test(
  'a pool goes on after a failure, and leaves no process behind when it is closed',
  async () => {
    const pool = new TrainerPool(settings)
    const pids = new Set<number>()
    const children = (): void => {
      const list = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
      for (const pid of list.trim().split(' ')) if (pid) pids.add(Number(pid))
    }
    try {
      const broken = files.task({ dataset: { ...files.dataset, rows: 91 } })
      await expect(pool.run(broken, silent, never)).rejects.toMatchObject({ code: 'file-length' })
      const task = files.task()
      await pool.run(task, silent, never)
      expect(logits(task).length).toBeGreaterThan(0)
    } finally {
      children()
      await pool.close()
    }
    expect([...pids].filter(isAlive)).toEqual([])
  },
  TIMEOUT_MS,
)
