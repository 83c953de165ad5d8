// @ts-check
/** Starts a server that outlives us, with its output in a file. */
import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, statSync, truncateSync } from 'node:fs'
import { Problem } from '../system/problem.js'

const LOG_LIMIT_BYTES = 8 << 20

/**
 * @param {{
 *   program: string, args: string[], cwd: string, logFile: string,
 *   account?: Pick<import('./postgres-account.js').Account, 'prefix' | 'spawn'>,
 * }} request
 * @returns {{ pid: number, ended: Promise<string>, output: () => string }} `output`: what it printed since this start
 */
export function startDaemon({ program, args, cwd, logFile, account = { prefix: [], spawn: {} } }) {
  if (existsSync(logFile) && statSync(logFile).size > LOG_LIMIT_BYTES) truncateSync(logFile)
  const from = existsSync(logFile) ? statSync(logFile).size : 0
  const output = openSync(logFile, 'a', 0o600)
  const [file = program, ...argv] = [...account.prefix, program, ...args]
  // a clean environment: variables such as PGDATA or PGPORT would change what it does
  const child = spawn(file, argv, {
    ...account.spawn,
    cwd,
    detached: true,
    env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['ignore', output, output],
  })
  closeSync(output)
  child.unref()
  /** @type {Promise<string>} */
  const ended = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (status, signal) => resolve(`exit ${signal ?? status}`))
  })
  if (child.pid === undefined)
    throw new Problem(`${file} could not be started`, 'run `npm run setup` again')
  return { pid: child.pid, ended, output: () => readFileSync(logFile).subarray(from).toString() }
}
