// @ts-check
/** API and worker as one thing: started together, the worker restarted when it crashes, all over when the API ends. */
import { rmSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DATA } from '../system/paths.js'
import { Problem } from '../system/problem.js'
import { log } from '../system/step.js'
import { backOff } from './back-off.js'
import { startChild } from './child.js'
import { fetchText } from './http.js'

const LOGS = path.join(DATA, 'logs')
const READY_TIMEOUT_MS = 60_000
/** For every process that loads TensorFlow. */
export const WORKER_ENV = {
  TF_CPP_MIN_LOG_LEVEL: '2', // must be there before the process starts
  TF_CPU_ALLOCATOR_USE_BFC: 'true',
}

/**
 * @typedef {object} Application
 * @property {Promise<void>} ready rejects when the API ends or is not ready in time
 * @property {Promise<number>} apiEnded its exit code
 * @property {() => Promise<void>} stop API first, so that nothing new comes in, then the worker
 * @property {() => void} kill
 */

/**
 * @param {{ address: import('./address.js').Address, env: NodeJS.ProcessEnv, quiet?: boolean }} request
 *   `quiet`: output goes to `.data/logs/` instead of the terminal
 * @returns {Application}
 */
export function startApplication({ address, env, quiet = false }) {
  const graceMs = Number(env.DISTILLERY_STOP_TIMEOUT_MS || 20_000)
  /** @param {string} name */
  const logFile = (name) => (quiet ? path.join(LOGS, `${name}.log`) : undefined)
  if (quiet) rmSync(LOGS, { recursive: true, force: true })
  const common = {
    // Types are stripped and code is compiled once: 0.4 s and 15 MB less for every process after the first.
    NODE_COMPILE_CACHE: path.join(DATA, 'compile-cache'),
    ...env,
    HOST: address.host,
    PORT: String(address.port),
  }
  const api = startChild({
    name: 'api',
    script: 'src/server.ts',
    env: common,
    logFile: logFile('api'),
  })
  const worker = keepRunning(() =>
    startChild({
      name: 'worker',
      script: 'workers/main.ts',
      env: { ...WORKER_ENV, ...common },
      logFile: logFile('worker'),
    }),
  )
  const ready = becomesReady(address, api, logFile('api'))
  ready.catch(() => {}) // an interrupted start does not wait for it
  return {
    ready,
    apiEnded: api.ended,
    stop: async () => {
      worker.restartNoMore()
      await api.stop(graceMs)
      await worker.current().stop(graceMs)
    },
    kill: () => {
      worker.restartNoMore()
      api.kill()
      worker.current().kill()
    },
  }
}

/**
 * @param {() => import('./child.js').Child} start
 */
function keepRunning(start) {
  const waitingTime = backOff()
  let wanted = true
  let since = performance.now()
  let child = start()
  const watch = async () => {
    for (;;) {
      const status = await child.ended
      if (!wanted) return
      const waitMs = waitingTime(performance.now() - since)
      log(`${child.name} ended with ${status}: starting it again in ${waitMs / 1000} s`)
      await sleep(waitMs, undefined, { ref: false })
      if (!wanted) return
      since = performance.now()
      child = start()
    }
  }
  void watch()
  return {
    current: () => child,
    restartNoMore: () => {
      wanted = false
    },
  }
}

/**
 * @param {import('./address.js').Address} address
 * @param {import('./child.js').Child} api
 * @param {string | undefined} logFile
 */
async function becomesReady({ url }, api, logFile) {
  const where = logFile ? `see ${logFile}` : 'see its output above'
  let end = /** @type {number | undefined} */ (undefined)
  void api.ended.then((status) => {
    end = status
  })
  const deadline = performance.now() + READY_TIMEOUT_MS
  /** @type {{ status: number, body: string } | undefined} */
  let answer
  while (answer?.status !== 200) {
    if (end !== undefined) throw new Problem(`the API ended with ${end} while it started`, where)
    if (performance.now() > deadline)
      throw new Problem(
        `${url}/health/ready was not 200 within ${READY_TIMEOUT_MS / 1000} s (last answer: ${answer ? `${answer.status} ${answer.body.slice(0, 300)}` : 'none'})`,
        where,
      )
    await sleep(40)
    answer = await fetchText(`${url}/health/ready`)
  }
}
