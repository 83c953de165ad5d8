// @ts-check
/**
 * The embedded Redis: append-only file, never evicts, loopback only, random password in a file that only we can read.
 * Postgres is the truth and Redis carries ids: data that it cannot read any more are set aside, not mourned.
 */
import { existsSync, mkdirSync, realpathSync, renameSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findRedis, provideRedis } from '../setup/redis.js'
import { withLock } from '../system/lock.js'
import { DATA } from '../system/paths.js'
import { freePort } from '../system/ports.js'
import { Problem } from '../system/problem.js'
import { processesIn, titleOf, waitUntil } from '../system/processes.js'
import { readStamp, writeWhole } from '../system/stamp.js'
import { startDaemon } from './daemon.js'
import { redisAnswers } from './redis-client.js'
import { passwordIn } from './secret.js'

const START_TIMEOUT_MS = 30_000
const STOP_TIMEOUT_MS = 15_000

/**
 * Starts Redis on the data in `home`, or finds it running.
 * @param {import('./postgres.js').Options} [options] `home`: default `.data/redis`
 * @returns {Promise<import('./postgres.js').Service>} `started` is false when it ran already
 */
export async function startRedis({ home: wanted = path.join(DATA, 'redis'), log = () => {} } = {}) {
  mkdirSync(path.join(wanted, 'data'), { recursive: true, mode: 0o700 })
  const home = realpathSync(wanted)
  return withLock(home, 'redis', () => startIn(home, log), log)
}

/**
 * @param {string} home
 * @param {(line: string) => void} log
 * @returns {Promise<import('./postgres.js').Service>}
 */
async function startIn(home, log) {
  const password = passwordIn(home)
  const data = path.join(home, 'data')
  const portFile = path.join(home, 'port')
  const known = Number(readStamp(portFile)) || undefined
  /** @param {number} port */
  const url = (port) => `redis://:${password}@127.0.0.1:${port}`

  await endOrphans(data)
  const [running] = processesIn(data)
  if (running !== undefined && known) {
    if (await answersInTime(known, password, data))
      return { url: url(known), started: false, pid: running }
    if (processesIn(data).length > 0)
      throw new Problem(
        `redis-server (pid ${running}) holds ${data} but does not answer`,
        'end that process (`npm run services:stop`), then run the command again',
      )
  }
  if (!(await findRedis())) await provideRedis()
  const program = await findRedis()
  if (!program) throw new Problem('no redis-server', 'run `npm run setup`, or set REDIS_URL')
  const deadline = performance.now() + START_TIMEOUT_MS
  let setAside = false
  for (;;) {
    const port = await freePort(known)
    const configuration = path.join(home, 'redis.conf')
    writeWhole(configuration, configure(data, port, password), { secret: true })
    // known before it runs: whoever comes after a kill -9 here still finds it
    writeWhole(portFile, String(port))
    const daemon = startDaemon({
      program,
      args: [configuration],
      cwd: data,
      logFile: path.join(home, 'redis.log'),
    })
    const end = await Promise.race([daemon.ended, becomesReady(port, password, deadline)])
    if (end === 'ready') return { url: url(port), started: true, pid: daemon.pid }
    const said = daemon.output()
    if (/reading the append only file|AOF|RDB format/.test(said) && !setAside) {
      const aside = `${data}.unreadable-${Date.now()}`
      renameSync(data, aside)
      mkdirSync(data, { mode: 0o700 })
      setAside = true
      log(`Redis could not read its data: moved to ${aside}, started empty (jobs are in Postgres)`)
    } else if (!/Address already in use/.test(said) || performance.now() > deadline)
      throw new Problem(
        `the embedded Redis did not start (${end}):\n${said.trimEnd().split('\n').slice(-8).join('\n')}`,
        'read the lines above; set REDIS_URL to use another server',
      )
  }
}

/**
 * The child that rewrites the append-only file outlives a killed server by seconds; it only writes a temporary file.
 * @param {string} data
 */
async function endOrphans(data) {
  const orphans = processesIn(data).filter((pid) =>
    /^\w+-(aof-rewrite|rdb-bgsave)/.test(titleOf(pid)),
  )
  const servers = processesIn(data).filter((pid) => !orphans.includes(pid))
  if (servers.length > 0) return
  for (const pid of orphans) process.kill(pid, 'SIGKILL')
  await waitUntil(() => processesIn(data).length === 0, STOP_TIMEOUT_MS)
}

/**
 * @param {string} data
 * @param {number} port
 * @param {string} password
 */
const configure = (data, port, password) =>
  [
    'bind 127.0.0.1',
    `port ${port}`,
    `requirepass ${password}`,
    `dir "${data.replaceAll(/["\\]/g, '\\$&')}"`,
    'appendonly yes',
    'appendfsync everysec',
    'aof-load-truncated yes', // a kill -9 may cut the last command short
    'save ""',
    'maxmemory-policy noeviction', // BullMQ loses jobs under any other policy
    'daemonize no',
    '',
  ].join('\n')

/**
 * @param {number} port
 * @param {string} password
 * @param {string} data
 */
async function answersInTime(port, password, data) {
  const deadline = performance.now() + START_TIMEOUT_MS
  while (performance.now() < deadline && processesIn(data).length > 0) {
    if (await redisAnswers(port, password)) return true
    await sleep(50)
  }
  return false
}

/**
 * @param {number} port
 * @param {string} password
 * @param {number} deadline
 * @returns {Promise<'ready' | 'timeout'>}
 */
async function becomesReady(port, password, deadline) {
  for (;;) {
    if (await redisAnswers(port, password)) return 'ready'
    if (performance.now() > deadline) return 'timeout'
    await sleep(15)
  }
}

/**
 * Stops the Redis in `home`, which writes its file first; returns when it is gone.
 * @param {import('./postgres.js').Options} [options]
 * @returns {Promise<boolean>} whether one was running
 */
export async function stopRedis({ home: wanted = path.join(DATA, 'redis'), log = () => {} } = {}) {
  if (!existsSync(path.join(wanted, 'data'))) return false
  const home = realpathSync(wanted)
  const data = path.join(home, 'data')
  return withLock(home, 'redis', async () => {
    const pids = processesIn(data)
    if (pids.length === 0) return false
    for (const pid of pids) process.kill(pid, 'SIGTERM')
    if (await waitUntil(() => processesIn(data).length === 0, STOP_TIMEOUT_MS)) return true
    log(`redis-server (pid ${pids.join(', ')}) did not stop in ${STOP_TIMEOUT_MS / 1000} s: killed`)
    for (const pid of processesIn(data)) process.kill(pid, 'SIGKILL')
    await waitUntil(() => processesIn(data).length === 0, STOP_TIMEOUT_MS)
    return true
  })
}
