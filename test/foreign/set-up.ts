/**
 * Brings the runtimes in which delivered models are run: Python packages into a virtual environment in the cache, and a
 * Chromium from the machine, or from apt where we may.
 */

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import type { TestProject } from 'vitest/node'
import { withLock } from '../../scripts/system/lock.js'
import { cacheHome } from '../../scripts/system/paths.js'

declare module 'vitest' {
  interface ProvidedContext {
    python: string
    chromium: string
  }
}

const REQUIREMENTS = path.resolve(import.meta.dirname, 'requirements.txt')
const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome']
const INSTALL = 'apt-get install -y -qq --no-install-recommends chromium'

const run = promisify(execFile)

/** @throws Error that says what to do when the command fails */
async function need(what: string, file: string, args: readonly string[]): Promise<void> {
  try {
    await run(file, args, { maxBuffer: 1 << 26 })
  } catch (error) {
    throw new Error(`${what}\n${error instanceof Error ? error.message : error}`)
  }
}

async function providePython(): Promise<string> {
  const hash = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12)
  const cache = cacheHome()
  const name = `foreign-${hash}`
  const home = path.join(cache, name)
  const done = path.join(home, 'complete')
  const python = path.join(home, 'bin/python')
  await withLock(
    cache,
    name,
    async () => {
      if (existsSync(done)) return
      rmSync(home, { recursive: true, force: true })
      const advice = `The tests of foreign runtimes need python3 with venv and pip (Debian, Ubuntu: python3-venv), the Python package index, and 7 GB in ${cache}.`
      await need(advice, 'python3', ['-m', 'venv', home])
      const quiet = ['--quiet', '--disable-pip-version-check', '--no-cache-dir']
      await need(advice, python, ['-m', 'pip', 'install', ...quiet, '-r', REQUIREMENTS])
      writeFileSync(done, '')
    },
    () => {},
  )
  return python
}

const findBrowser = (): string | undefined =>
  (process.env.PATH ?? '')
    .split(path.delimiter)
    .flatMap((folder) => BROWSERS.map((name) => path.join(folder, name)))
    .find((file) => existsSync(file))

async function provideChromium(): Promise<string> {
  const found = findBrowser()
  if (found) return found
  const advice = `The tests of foreign runtimes need a Chromium: none of ${BROWSERS.join(', ')} is on the PATH, and apt-get could not bring one.`
  await need(advice, 'sh', ['-c', `apt-get update -qq && ${INSTALL}`])
  const installed = findBrowser()
  if (!installed) throw new Error(advice)
  return installed
}

export default async function setUp({ provide }: TestProject): Promise<void> {
  provide('python', await providePython())
  provide('chromium', await provideChromium())
}
