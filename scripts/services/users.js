// @ts-check
/** Who uses a set of embedded services right now, so that the first to leave does not pull them from under the others. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { startTime } from '../system/processes.js'
import { readStamp } from '../system/stamp.js'

const HANDED_OVER = 'handed-over'

/**
 * @param {string} folder of the services
 * @returns {{ leave: (owned: boolean) => { mayStop: boolean } }} `leave`: `owned` says whether we started them;
 *   `mayStop` whether they are ours to stop, or were left to us by a starter who went first
 */
export function joinUsers(folder) {
  const users = path.join(folder, 'users')
  mkdirSync(users, { recursive: true })
  const mine = path.join(users, String(process.pid))
  writeFileSync(mine, startTime(process.pid) ?? '')
  return {
    leave: (owned) => {
      rmSync(mine, { force: true })
      const handedOver = path.join(users, HANDED_OVER)
      const responsible = owned || readStamp(handedOver) !== undefined
      const alone = othersIn(users).length === 0
      if (responsible && !alone) writeFileSync(handedOver, '')
      if (responsible && alone) rmSync(handedOver, { force: true })
      return { mayStop: responsible && alone }
    },
  }
}

/** Living users; notes of dead ones are removed. @param {string} users */
function othersIn(users) {
  return readdirSync(users).filter((name) => {
    if (name === HANDED_OVER) return false
    const file = path.join(users, name)
    const alive = readStamp(file) === startTime(Number(name))
    if (!alive) rmSync(file, { force: true })
    return alive
  })
}
