// @ts-check
/** Where things live: the project's folders and the machine-wide cache. */
import { accessSync, constants, mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'

export const ROOT = path.resolve(import.meta.dirname, '../..')
export const MODULES = path.join(ROOT, 'node_modules')
export const DATA = path.join(ROOT, '.data')

/**
 * Folder for what was downloaded or built: outside `node_modules`, so `npm ci` and a fresh clone reuse it.
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string} an absolute path that exists and is writable
 */
export function cacheHome(env = process.env) {
  if (env.DISTILLERY_CACHE_DIR) {
    const chosen = path.resolve(env.DISTILLERY_CACHE_DIR)
    mkdirSync(chosen, { recursive: true })
    return chosen
  }
  const wanted = env.XDG_CACHE_HOME
    ? path.join(env.XDG_CACHE_HOME, 'distillery')
    : path.join(userHome(env), '.cache/distillery')
  return isWritable(wanted) ? wanted : path.join(DATA, 'cache')
}

/**
 * A uid without a passwd entry and without HOME has no home: node throws then.
 * @param {NodeJS.ProcessEnv} env
 */
function userHome(env) {
  try {
    return env.HOME ?? homedir()
  } catch {
    return DATA
  }
}

/** @param {string} folder */
function isWritable(folder) {
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}
