/**
 * The service as it is deployed: API and workers as processes of their own, on a database, a queue prefix and a folder
 * that nobody else has. What they print is kept, and shown when a test fails.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { startTime, titleOf, waitUntil } from '../../scripts/system/processes.js'
import { dyingWithUs } from '../../scripts/system/tool.js'
import { createTestDatabase, needed } from './database.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const READY_TIMEOUT_MS = 60_000
/** Lines of each log that are shown when a test fails. */
const SHOWN_LINES = 40

/** A process of the service. */
export interface Process {
  readonly pid: number
  readonly child: ChildProcess
  readonly logFile: string
  /** Exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>
}

export interface Service {
  readonly url: string
  readonly api: Process
  /** In the order in which they were started, those that have ended too. */
  readonly workers: readonly Process[]
  addWorker(env?: NodeJS.ProcessEnv): Process
  /** SIGKILL; resolves when it is gone. */
  killWorker(index: number): Promise<void>
  /** Pids of the living trainers, those that wait for a task too; default: of all workers, dead ones included. */
  trainers(worker?: number): number[]
  logs(): string
  stop(): Promise<void>
}

export interface ServiceOptions {
  /** Started with the API; default 1. */
  readonly workers?: number
  /** Configuration beside DATABASE_URL, QUEUE_PREFIX, PORT and WORK_DIRECTORY. */
  readonly env?: NodeJS.ProcessEnv
}

/** Pids of living processes that have this setting in their environment: ours, whoever their parent is now. */
function processesWith(setting: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return (
          startTime(pid) !== undefined &&
          readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(setting)
        )
      } catch {
        return false
      }
    })
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
  } catch {
    return undefined
  }
}

function start(name: string, script: string, folder: string, env: NodeJS.ProcessEnv): Process {
  const logFile = path.join(folder, `${name}.log`)
  const output = openSync(logFile, 'a')
  // A test run that is killed leaves nothing behind either.
  const [file, args] = dyingWithUs(process.execPath, [script], 'TERM')
  const child = spawn(file, args, { cwd: ROOT, env, stdio: ['ignore', output, output] })
  closeSync(output)
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? code ?? -1))
  })
  return { pid: child.pid ?? -1, child, logFile, ended }
}

/** Tells when the log has the address that the API listens on. */
async function addressOf(api: Process): Promise<string> {
  let url: string | undefined
  await waitUntil(() => {
    url = /Server listening at (http:[^"]+)/.exec(readFileSync(api.logFile, 'utf8'))?.[1]
    return url !== undefined || api.child.exitCode !== null
  }, READY_TIMEOUT_MS)
  if (url === undefined) throw new Error(`the API does not listen:\n${tail(api.logFile)}`)
  return url
}

const tail = (file: string): string =>
  readFileSync(file, 'utf8').trimEnd().split('\n').slice(-SHOWN_LINES).join('\n')

/** Resolves when `GET /health/ready` answers 200. */
export async function becomesReady(url: string, logs: () => string): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS
  for (;;) {
    const answer = await fetch(`${url}/health/ready`).then(
      async (response) => ({ ok: response.ok, text: await response.text() }),
      (error: unknown) => ({ ok: false, text: String(error) }),
    )
    if (answer.ok) return
    if (performance.now() > deadline) throw new Error(`not ready: ${answer.text}\n${logs()}`)
    await sleep(50)
  }
}

export async function startService({
  workers: count = 1,
  env = {},
}: ServiceOptions = {}): Promise<Service> {
  const folder = mkdtempSync(path.join(tmpdir(), 'distillery-e2e-'))
  const database = await createTestDatabase()
  const prefix = `test-${randomUUID()}`
  const common: NodeJS.ProcessEnv = {
    ...process.env,
    NODE_ENV: 'production',
    LOG_LEVEL: 'info',
    HOST: '127.0.0.1',
    REDIS_URL: env.REDIS_URL ?? needed('REDIS_URL'),
    LEASE_MS: '2000',
    DATABASE_CONNECTIONS: '5',
    ...env,
    DATABASE_URL: database.url,
    QUEUE_PREFIX: prefix,
    PORT: '0',
  }
  const workers: Process[] = []
  const addWorker = (more: NodeJS.ProcessEnv = {}): Process => {
    const name = `worker-${workers.length}`
    const directory = path.join(folder, name)
    mkdirSync(directory)
    const worker = start(name, 'workers/main.ts', folder, {
      ...common,
      ...more,
      WORK_DIRECTORY: directory,
    })
    workers.push(worker)
    return worker
  }
  const api = start('api', 'src/server.ts', folder, common)
  const alive = () => processesWith(`QUEUE_PREFIX=${prefix}`)
  const logs = (): string =>
    [api, ...workers].map(({ logFile }) => `--- ${logFile}\n${tail(logFile)}`).join('\n')

  async function stop(): Promise<void> {
    // The API first, so that nothing new comes in.
    for (const one of [api, ...workers]) one.child.kill('SIGTERM')
    const force = setTimeout(() => {
      for (const one of [api, ...workers]) one.child.kill('SIGKILL')
    }, 25_000)
    await Promise.all([api, ...workers].map((one) => one.ended))
    clearTimeout(force)
    await waitUntil(() => alive().length === 0, 3000)
    const orphans = alive().map((pid) => `${pid} ${titleOf(pid)}`)
    for (const pid of alive()) process.kill(pid, 'SIGKILL')
    await database.drop()
    rmSync(folder, { recursive: true, force: true })
    if (orphans.length > 0) throw new Error(`processes left over: ${orphans.join(', ')}`)
  }

  try {
    for (let index = 0; index < count; index++) addWorker()
    const url = await addressOf(api)
    if (count > 0) await becomesReady(url, logs)
    return {
      url,
      api,
      workers,
      addWorker,
      async killWorker(index) {
        const worker = workers[index]
        if (!worker) throw new Error(`there is no worker ${index}`)
        worker.child.kill('SIGKILL')
        await worker.ended
      },
      trainers: (worker) =>
        alive()
          .filter((pid) => titleOf(pid).includes('workers/trainer.ts'))
          .filter((pid) => worker === undefined || parentOf(pid) === workers[worker]?.pid),
      logs,
      stop,
    }
  } catch (error) {
    await stop().catch(() => {})
    throw error
  }
}

/** One service for all tests of a file; call it at the top. Its logs are printed after a test that failed. */
export function useService(options: ServiceOptions = {}): () => Service {
  let service: Service | undefined
  const current = (): Service => {
    if (!service) throw new Error('the service is started before the first test')
    return service
  }
  beforeAll(async () => {
    service = await startService(options)
  })
  afterEach(({ task }) => {
    if (task.result?.state === 'fail') process.stderr.write(`${current().logs()}\n`)
  })
  afterAll(async () => {
    await service?.stop()
  })
  return current
}
