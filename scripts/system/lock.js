// @ts-check
/**
 * Mutual exclusion between processes of one machine. The lock is a bound abstract socket: the kernel frees it
 * with its process, so neither kill -9 nor a reboot leaves a stale lock behind.
 */
import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { codeOf } from './problem.js'

const POLL_MS = 50
const PATIENCE_MS = 1000

/**
 * Runs `work` while holding the lock `name` of `folder` (which must exist).
 * @template T
 * @param {string} folder
 * @param {string} name
 * @param {() => Promise<T>} work
 * @param {(line: string) => void} [log] told once when the lock is held by somebody else
 * @returns {Promise<T>}
 */
export async function withLock(folder, name, work, log = () => {}) {
  const key = createHash('sha256')
    .update(`${realpathSync(folder)}\0${name}`)
    .digest('hex')
  const address = `\0distillery-${key.slice(0, 40)}`
  const since = performance.now()
  let told = false
  let server = await bind(address)
  while (server === undefined) {
    if (!told && performance.now() - since > PATIENCE_MS) {
      log(`waiting for another process that works on ${name} in ${folder}`)
      told = true
    }
    await sleep(POLL_MS)
    server = await bind(address)
  }
  try {
    return await work()
  } finally {
    server.close()
  }
}

/**
 * @param {string} address
 * @returns {Promise<import('node:net').Server | undefined>} undefined when somebody else holds it
 */
function bind(address) {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', (error) =>
      codeOf(error) === 'EADDRINUSE' ? resolve(undefined) : reject(error),
    )
    server.listen(address, () => resolve(server.unref()))
  })
}
