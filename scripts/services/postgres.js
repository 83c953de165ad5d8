// @ts-check
/**
 * The embedded Postgres: real Postgres 18 binaries, data in a folder of the project, loopback only, random password.
 * Survives kill -9 of anything at any moment; whoever starts it second reuses it.
 */
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { withLock } from '../system/lock.js'
import { DATA } from '../system/paths.js'
import { freePort } from '../system/ports.js'
import { codeOf, Problem } from '../system/problem.js'
import { processesIn, waitUntil, worksIn } from '../system/processes.js'
import { fingerprint, readStamp, writeWhole } from '../system/stamp.js'
import { startDaemon } from './daemon.js'
import { chooseAccount, giveTo } from './postgres-account.js'
import { copyBinaries, postgresBinaries } from './postgres-binaries.js'
import { ask, ensureDatabase, postgresUrl } from './postgres-client.js'
import { createCluster } from './postgres-cluster.js'
import { passwordIn } from './secret.js'

const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 30_000
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_buffers: '64MB',
  max_connections: '100',
  huge_pages: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
}

/** @typedef {{ url: string, started: boolean, pid: number }} Service */
/** @typedef {{ home?: string, log?: (line: string) => void }} Options */

/**
 * Starts Postgres on the data in `home`, or finds it running.
 * @param {Options} [options] `home`: default `.data/postgres`
 * @returns {Promise<Service>} `started` is false when it ran already
 */
export async function startPostgres({
  home: wanted = path.join(DATA, 'postgres'),
  log = () => {},
} = {}) {
  const native = postgresBinaries()
  mkdirSync(wanted, { recursive: true })
  const home = realpathSync(wanted)
  return withLock(home, 'postgres', () => startIn(native, home, log), log)
}

/**
 * @param {string} native
 * @param {string} home
 * @param {(line: string) => void} log
 * @returns {Promise<Service>}
 */
async function startIn(native, home, log) {
  const password = passwordIn(home)
  const place = placeOf(native, home, log)
  const data = path.join(place.home, 'data')
  const running = await findRunning(data, password)
  if (running) return { ...running, started: false }

  if (!existsSync(path.join(data, 'PG_VERSION')))
    await createCluster({ ...place, data, password, log })
  giveTo(data, place.account.owner)
  const portFile = path.join(home, 'port')
  const deadline = performance.now() + START_TIMEOUT_MS
  for (;;) {
    await clearStalePid(data)
    const port = await freePort(Number(readStamp(portFile)) || undefined)
    const daemon = startDaemon({
      program: path.join(place.native, 'bin/postgres'),
      args: [
        ...['-D', data, '-p', String(port)],
        ...Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      account: place.account,
      cwd: '/',
      logFile: path.join(home, 'postgres.log'),
    })
    const end = await Promise.race([daemon.ended, becomesReady(data, daemon.pid, deadline)])
    if (end === 'ready') {
      await ensureDatabase(port, password)
      writeWhole(portFile, String(port))
      return { url: postgresUrl(port, password), started: true, pid: daemon.pid }
    }
    const said = daemon.output()
    // the port was taken in between, or remains of a killed server are still going away
    const passing = /could not bind|Address already in use|lock file|shared memory block/.test(said)
    if (!passing || performance.now() > deadline) throw failure(end, said, data, native)
    await sleep(300)
  }
}

/**
 * Where binaries and data are, and who runs them.
 * @param {string} native
 * @param {string} home
 * @param {(line: string) => void} log
 */
function placeOf(native, home, log) {
  const account = chooseAccount(native, home)
  if (account) return { native, home, account }
  const elsewhere = path.join('/var/lib/distillery', fingerprint(home).slice(0, 16))
  log(`Postgres cannot run below a folder that only root may enter: its data are in ${elsewhere}`)
  const copy = copyBinaries(native, elsewhere)
  const other = chooseAccount(copy, elsewhere)
  if (!other)
    throw new Problem(
      'Postgres refuses to run as root, and no other account could be given access to its files',
      'run this as an ordinary user, or set DATABASE_URL',
    )
  return { native: copy, home: elsewhere, account: other }
}

/** @param {string} data @returns {{ pid: number, port: number, ready: boolean } | undefined} what postmaster.pid says */
function pidFile(data) {
  try {
    const lines = readFileSync(path.join(data, 'postmaster.pid'), 'utf8').split('\n')
    return { pid: Number(lines[0]), port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    if (codeOf(error) === 'EACCES')
      throw new Problem(
        `${data} belongs to another account`,
        'start as the user who started it first, or remove the folder, or set DATABASE_URL',
      )
    throw error
  }
}

/**
 * @param {string} data
 * @param {string} password
 */
async function findRunning(data, password) {
  const deadline = performance.now() + START_TIMEOUT_MS
  for (;;) {
    const found = pidFile(data)
    if (!found || !worksIn(found.pid, data)) return undefined
    // a real query about our own folder, not just an open port
    if (found.ready && (await ask(found.port, password, 'SHOW data_directory')) === data) {
      await ensureDatabase(found.port, password)
      return { pid: found.pid, url: postgresUrl(found.port, password) }
    }
    if (performance.now() > deadline)
      throw new Problem(
        `Postgres (pid ${found.pid}) holds ${data} but does not answer`,
        'see postgres.log next to it, and end that process (`npm run services:stop`)',
      )
    await sleep(50)
  }
}

/**
 * Removes a postmaster.pid whose process is gone, a zombie, or another program with the same pid: Postgres itself
 * would take the last two for a running server. Backends that outlived a killed postmaster are waited for.
 * @param {string} data
 */
async function clearStalePid(data) {
  const found = pidFile(data)
  if (!found || worksIn(found.pid, data)) return
  if (await waitUntil(() => processesIn(data).length === 0, STOP_TIMEOUT_MS))
    rmSync(path.join(data, 'postmaster.pid'), { force: true })
}

/**
 * @param {string} data
 * @param {number} pid
 * @param {number} deadline
 * @returns {Promise<'ready' | 'timeout'>}
 */
async function becomesReady(data, pid, deadline) {
  for (;;) {
    const found = pidFile(data)
    if (found?.pid === pid && found.ready) return 'ready'
    if (performance.now() > deadline) return 'timeout'
    await sleep(15)
  }
}

/**
 * @param {string} end
 * @param {string} said
 * @param {string} data
 * @param {string} native
 */
function failure(end, said, data, native) {
  const remedy = /incompatible with server/.test(said)
    ? `the data in ${data} were made by another Postgres version: move the folder away to begin anew, or set DATABASE_URL to a server of that version`
    : /No such file or directory|cannot open shared object/.test(said) &&
        !existsSync(path.join(native, 'lib'))
      ? 'run `npm ci`'
      : 'read the lines above; set DATABASE_URL to use another server'
  return new Problem(`the embedded Postgres did not start (${end}):\n${said.trimEnd()}`, remedy)
}

/**
 * Fast shutdown of the Postgres in `home`; returns when it is gone.
 * @param {Options} [options]
 * @returns {Promise<boolean>} whether one was running
 */
export async function stopPostgres({
  home: wanted = path.join(DATA, 'postgres'),
  log = () => {},
} = {}) {
  if (!existsSync(wanted)) return false
  const home = realpathSync(wanted)
  const elsewhere = path.join('/var/lib/distillery', fingerprint(home).slice(0, 16))
  return withLock(home, 'postgres', async () => {
    const [data] = [path.join(home, 'data'), path.join(elsewhere, 'data')].filter(existsSync)
    const found = data === undefined ? undefined : pidFile(data)
    if (data === undefined || !found || !worksIn(found.pid, data)) return false
    process.kill(found.pid, 'SIGINT')
    if (await waitUntil(() => !worksIn(found.pid, data), STOP_TIMEOUT_MS)) return true
    log(
      `Postgres (pid ${found.pid}) did not stop in ${STOP_TIMEOUT_MS / 1000} s: immediate shutdown`,
    )
    process.kill(found.pid, 'SIGQUIT')
    await waitUntil(() => !worksIn(found.pid, data), STOP_TIMEOUT_MS)
    return true
  })
}
