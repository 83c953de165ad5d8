// @ts-check
/** Facts about other processes, read from /proc: a pid alone proves nothing, because pids are reused and zombies keep them. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * @param {number} pid
 * @returns {string | undefined} start time in clock ticks since boot; undefined when there is no such process or it is a zombie
 */
export function startTime(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

/**
 * Processes whose working folder is `folder`: database servers change into their data folder, so this finds their
 * orphans too. A zombie has no working folder.
 * @param {string} folder a real path, without symbolic links
 * @returns {number[]}
 */
export function processesIn(folder) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => worksIn(pid, folder))
}

/**
 * @param {number} pid
 * @returns {string} its command line, or the title that it gave itself; empty when it is gone
 */
export function titleOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
  } catch {
    return ''
  }
}

/**
 * @param {number} pid
 * @param {string} folder
 */
export function worksIn(pid, folder) {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === folder
  } catch {
    return false
  }
}

/**
 * @param {() => boolean} condition
 * @param {number} timeoutMs
 * @returns {Promise<boolean>} whether the condition came true in time
 */
export async function waitUntil(condition, timeoutMs) {
  const deadline = performance.now() + timeoutMs
  while (!condition()) {
    if (performance.now() > deadline) return false
    await sleep(20)
  }
  return true
}
