// @ts-check
/** `npm ci`, run when the installed packages are not those of package-lock.json. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { MODULES, ROOT } from '../system/paths.js'
import { fingerprint, readStamp, writeWhole } from '../system/stamp.js'
import { runTool } from '../system/tool.js'

const STAMP = path.join(MODULES, '.distillery/package-lock.sha256')

/** @typedef {{ packages?: Record<string, { version?: string, optional?: boolean, link?: boolean }> }} Lockfile */

/** @returns {Promise<string | undefined>} */
export async function installPackages() {
  const lockfile = readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')
  const wanted = fingerprint(lockfile)
  if (readStamp(STAMP) === wanted) return 'cached'
  const hidden = path.join(MODULES, '.package-lock.json')
  if (existsSync(hidden) && agree(JSON.parse(lockfile), JSON.parse(readFileSync(hidden, 'utf8')))) {
    writeWhole(STAMP, wanted)
    return 'installed already'
  }
  const args = ['ci', '--include=dev', '--include=optional', '--no-progress']
  // `npm run` names its own program: the same npm is used again, wherever it was installed
  const npm = process.env.npm_execpath
  const remedy =
    'check the network and the npm registry setting (`npm config get registry`), then run the command again'
  if (npm?.endsWith('.js')) await runTool(process.execPath, [npm, ...args], { cwd: ROOT, remedy })
  else await runTool('npm', args, { cwd: ROOT, remedy })
  writeWhole(STAMP, wanted)
  return undefined
}

/**
 * Whether npm's own record of what it installed is what the lockfile asks for, as after a plain `npm ci` or `npm install`.
 * npm writes that record last. Optional packages may be absent: they may be for another platform.
 * @param {Lockfile} lockfile
 * @param {Lockfile} installed
 * @returns {boolean}
 */
export function agree(lockfile, installed) {
  const have = installed.packages ?? {}
  const wanted = Object.entries(lockfile.packages ?? {}).filter(([folder]) => folder !== '')
  const asWanted = wanted.every(([folder, entry]) => {
    const found = have[folder]
    return found ? found.version === entry.version : entry.optional === true
  })
  const names = new Set(wanted.map(([folder]) => folder))
  return wanted.length > 0 && asWanted && Object.keys(have).every((folder) => names.has(folder))
}
