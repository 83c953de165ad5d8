// @ts-check
/** Postgres and Redis for one run: those named by URL in the environment, embedded ones for the rest. */
import path from 'node:path'
import { withLock } from '../system/lock.js'
import { startPostgres, stopPostgres } from './postgres.js'
import { startRedis, stopRedis } from './redis.js'
import { joinUsers } from './users.js'

/**
 * @typedef {object} Services
 * @property {{ DATABASE_URL: string, REDIS_URL: string }} env
 * @property {string} summary one phrase for the step line
 * @property {() => Promise<void>} stop stops what this run started, unless another run uses it
 */

/**
 * @param {{ folder: string, log?: (line: string) => void, env?: NodeJS.ProcessEnv }} request
 * @returns {Promise<Services>}
 */
export async function startServices({ folder, log = () => {}, env = process.env }) {
  const homes = { postgres: path.join(folder, 'postgres'), redis: path.join(folder, 'redis') }
  const users = joinUsers(folder)
  const [postgres, redis] = await Promise.allSettled([
    env.DATABASE_URL ? given(env.DATABASE_URL) : startPostgres({ home: homes.postgres, log }),
    env.REDIS_URL ? given(env.REDIS_URL) : startRedis({ home: homes.redis, log }),
  ])
  const stop = async () => {
    const started = [postgres, redis].some((one) => one.status === 'fulfilled' && one.value.started)
    await withLock(folder, 'services', async () => {
      if (!users.leave(started).mayStop) return
      await Promise.all([
        env.DATABASE_URL ? false : stopPostgres({ home: homes.postgres, log }),
        env.REDIS_URL ? false : stopRedis({ home: homes.redis, log }),
      ])
    })
  }
  if (postgres.status === 'rejected' || redis.status === 'rejected') {
    await stop()
    throw postgres.status === 'rejected'
      ? postgres.reason
      : redis.status === 'rejected' && redis.reason
  }
  return {
    env: { DATABASE_URL: postgres.value.url, REDIS_URL: redis.value.url },
    summary: `Postgres ${describe(postgres.value)}, Redis ${describe(redis.value)}`,
    stop,
  }
}

/** @typedef {{ url: string, started: boolean, given?: boolean }} Source */

/** @param {string} url @returns {Source} */
const given = (url) => ({ url, started: false, given: true })

/** @param {Source} source */
const describe = (source) =>
  source.given ? 'by URL' : source.started ? 'started' : 'running already'
