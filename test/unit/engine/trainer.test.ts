import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import type { Task, TrainerMessage } from '../../../workers/trainer-contract.ts'
import { trainingOf } from './support.ts'
import { taskFiles } from './task-files.ts'

const TRAINER = fileURLToPath(new URL('../../../workers/trainer.ts', import.meta.url))
const files = taskFiles()
afterAll(() => files[Symbol.dispose]())
const endless = () => files.task({ training: trainingOf({ epochs: 10_000 }) })

/** Loading TensorFlow takes seconds on a busy machine. */
const TIMEOUT_MS = 60_000

function start() {
  const child = fork(TRAINER, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

/** Everything a trainer says about a task, and how it ended. */
async function converse(task: Task) {
  const child = start()
  const messages: TrainerMessage[] = []
  child.on('message', (message: TrainerMessage) => {
    messages.push(message)
    if (message.type === 'ready') child.send(task)
    if (message.type === 'result' || message.type === 'failure') child.disconnect()
  })
  const [code] = await once(child, 'exit')
  return { messages, code }
}

const isAlive = (pid: number): boolean => {
  try {
    // A zombie nobody has collected yet is dead too.
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await setTimeout(20)
}

test(
  'a task is answered with progress, epochs and a result, and the process ends well',
  async () => {
    const { messages, code } = await converse(files.task())
    expect(code).toBe(0)
    expect(messages[0]).toEqual({ type: 'ready' })
    expect(messages.filter(({ type }) => type === 'epoch').length).toBe(2)
    expect(
      messages.flatMap((message) => (message.type === 'progress' ? [message.progress.phase] : [])),
    ).toEqual(expect.arrayContaining(['load', 'train', 'evaluate']))
    expect(messages.at(-1)).toMatchObject({
      type: 'result',
      result: { files: ['heldOutLogits', 'curve'] },
    })
  },
  TIMEOUT_MS,
)

test(
  'a mistake of the user is a failure message, and the process ends well',
  async () => {
    const split = { kind: 'k-fold', folds: 3, stratified: true, seed: 1 } as const
    const { messages, code } = await converse(files.task({ split, fold: 3 }))
    expect(code).toBe(0)
    expect(messages.at(-1)).toMatchObject({
      type: 'failure',
      failure: { class: 'user', code: 'split-does-not-fit' },
    })
  },
  TIMEOUT_MS,
)

test(
  'what nobody foresaw is a failure of the system',
  async () => {
    const { messages } = await converse(files.task({ outputDirectory: '/nowhere/at/all' }))
    expect(messages.at(-1)).toMatchObject({
      type: 'failure',
      failure: { class: 'system', message: expect.stringContaining('/nowhere/at/all') },
    })
  },
  TIMEOUT_MS,
)

test(
  'SIGTERM ends a trainer in the middle of training',
  async () => {
    const child = start()
    child.on('message', (message: TrainerMessage) => {
      if (message.type === 'ready') child.send(endless())
      if (message.type === 'epoch') child.kill('SIGTERM')
    })
    const [code, signal] = await once(child, 'exit')
    expect([code, signal]).toEqual([null, 'SIGTERM'])
  },
  TIMEOUT_MS,
)

test(
  'a trainer does not outlive a parent that was killed',
  async () => {
    const taskFile = `${files.task().outputDirectory}/task.json`
    writeFileSync(taskFile, JSON.stringify(endless()))
    const parent = spawn(
      process.execPath,
      [
        '--eval',
        `const child = require('node:child_process').fork(${JSON.stringify(TRAINER)}, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
       const task = JSON.parse(require('node:fs').readFileSync(${JSON.stringify(taskFile)}, 'utf8'))
       child.on('message', ({ type }) => {
         if (type === 'ready') child.send(task)
         if (type === 'epoch') console.log(child.pid)
       })`,
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    )
    onTestFinished(() => void parent.kill('SIGKILL'))
    const [line] = await once(createInterface({ input: parent.stdout }), 'line')
    const pid = Number(line)
    expect(isAlive(pid)).toBe(true)
    parent.kill('SIGKILL')
    await gone(pid)
  },
  TIMEOUT_MS,
)

test(
  'the guard works while the main thread is busy',
  async () => {
    const guard = new URL('../../../workers/orphan-guard.ts', import.meta.url).href
    const busy = `import(${JSON.stringify(guard)}).then(({ dieWithParent }) => {
    dieWithParent()
    console.log(process.pid)
    setTimeout(() => { for (;;); }, 50)
  })`
    const parent = spawn(
      process.execPath,
      [
        '--eval',
        `require('node:child_process').spawn(process.execPath, ['--eval', ${JSON.stringify(busy)}], { stdio: ['ignore', 'inherit', 'ignore'] })`,
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    )
    onTestFinished(() => void parent.kill('SIGKILL'))
    const [line] = await once(createInterface({ input: parent.stdout }), 'line')
    const pid = Number(line)
    await setTimeout(200)
    expect(isAlive(pid)).toBe(true)
    parent.kill('SIGKILL')
    await gone(pid)
  },
  TIMEOUT_MS,
)
