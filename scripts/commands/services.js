// @ts-check
import path from 'node:path'
import { startPostgres, stopPostgres } from '../services/postgres.js'
import { startRedis, stopRedis } from '../services/redis.js'
import { setup } from '../setup/setup.js'
import { node24 } from '../system/node.js'
import { DATA, MODULES } from '../system/paths.js'
import { log } from '../system/step.js'
import { runInTerminal } from './terminal.js'

/** `eval "$(node scripts/run.js services)"`: the embedded services, left running. */
export async function services() {
  await setup()
  const postgres = await startPostgres({ log })
  const redis = await startRedis({ log })
  process.stdout.write(`export DATABASE_URL='${postgres.url}'\nexport REDIS_URL='${redis.url}'\n`)
  return 0
}

/** `npm run services:stop`: all embedded services of this project, those of the tests too. */
export async function stopServices() {
  const stopped = await Promise.all(
    [DATA, path.join(DATA, 'test')].flatMap((folder) => [
      stopPostgres({ home: path.join(folder, 'postgres'), log }),
      stopRedis({ home: path.join(folder, 'redis'), log }),
    ]),
  )
  log(`stopped ${stopped.filter(Boolean).length} embedded services`)
  return 0
}

/** `npm run db:diff`: do the migrations add up to the schema? Exit code 2 when they do not. */
export async function databaseDiff() {
  await setup()
  const given = process.env.DATABASE_URL
  const database = given ? { url: given, started: false } : await startPostgres({ log })
  try {
    return await runInTerminal(
      [
        path.join(MODULES, 'prisma/build/index.js'),
        ...['migrate', 'diff', '--from-migrations', 'prisma/migrations'],
        ...['--to-schema', 'prisma/schema.prisma', '--exit-code'],
      ],
      { DATABASE_URL: database.url, PATH: `${path.dirname(node24())}:${process.env.PATH}` },
    )
  } finally {
    if (database.started) await stopPostgres({ log })
  }
}
