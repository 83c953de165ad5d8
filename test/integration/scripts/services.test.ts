import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { migrate } from '../../../scripts/migrate.js'
import { startPostgres, stopPostgres } from '../../../scripts/services/postgres.js'
import { startRedis, stopRedis } from '../../../scripts/services/redis.js'
import { processesIn, waitUntil } from '../../../scripts/system/processes.js'

const run = promisify(execFile)

/** A second process that starts the same service and ends, as a killed or finished `npm start` would. */
async function startElsewhere(name: 'postgres' | 'redis', home: string) {
  const module = path.resolve(import.meta.dirname, `../../../scripts/services/${name}.js`)
  const start = name === 'postgres' ? 'startPostgres' : 'startRedis'
  const { stdout } = await run(process.execPath, [
    '--input-type=module',
    '-e',
    `import { ${start} } from ${JSON.stringify(module)}
     console.log(JSON.stringify(await ${start}({ home: ${JSON.stringify(home)} })))`,
  ])
  return JSON.parse(stdout) as { url: string; started: boolean; pid: number }
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

async function kill(pid: number, data: string) {
  process.kill(pid, 'SIGKILL')
  await waitUntil(() => !processesIn(data).includes(pid), 5000)
}

describe('embedded Postgres', () => {
  // mode 0700, as a home folder may be: another account must still run the server
  const home = path.join(mkdtempSync(path.join(tmpdir(), 'postgres-')), 'home')
  const data = path.join(home, 'data')
  let url = ''
  let pid = 0

  beforeAll(async () => {
    const both = await Promise.all([
      startElsewhere('postgres', home),
      startElsewhere('postgres', home),
    ])
    expect(both.map((one) => one.started).sort()).toEqual([false, true])
    expect(both[0].pid).toBe(both[1].pid)
    url = both[0].url
    pid = both[0].pid
    await query(url, `CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)`)
  })
  afterAll(async () => {
    await stopPostgres({ home })
    rmSync(path.dirname(home), { recursive: true })
  })

  test('keeps its password from others and asks for it', async () => {
    expect(statSync(path.join(home, 'password')).mode & 0o777).toBe(0o600)
    const wrong = new URL(url)
    wrong.password = 'wrong'
    await expect(query(wrong.href, 'SELECT 1')).rejects.toThrow('password authentication failed')
  })

  test('is reused while it runs', async () => {
    expect(await startPostgres({ home })).toEqual({ url, pid, started: false })
  })

  test('a killed postmaster is replaced at the same address, with its data', async () => {
    await kill(pid, data)
    const again = await startPostgres({ home })
    expect(again).toMatchObject({ url, started: true })
    expect(again.pid).not.toBe(pid)
    expect(await query(url, 'SELECT n FROM kept')).toEqual([{ n: 1 }])
  })

  test('stops, stays stopped, and starts again with its data', async () => {
    expect(await stopPostgres({ home })).toBe(true)
    expect(await stopPostgres({ home })).toBe(false)
    expect(processesIn(data)).toEqual([])
    expect(await startPostgres({ home })).toMatchObject({ url, started: true })
    expect(await query(url, 'SELECT n FROM kept')).toEqual([{ n: 1 }])
  })

  test('migrations are applied once by any number of starters, and refuse foreign tables', async () => {
    await expect(migrate(url)).rejects.toThrow('P3005')
    await query(url, 'DROP TABLE kept')
    const applied = await Promise.all([migrate(url), migrate(url), migrate(url)])
    const names = readdirSync(path.resolve(import.meta.dirname, '../../../prisma/migrations'), {
      withFileTypes: true,
    })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort()
    expect(applied.flat()).toEqual(names)
    expect(await migrate(url)).toEqual([])
  })

  test('a migration that was edited after it was applied is refused', async () => {
    await query(url, `UPDATE _prisma_migrations SET checksum = 'other'`)
    await expect(migrate(url)).rejects.toThrow('was changed after it was applied')
  })
})

describe('embedded Redis', () => {
  const home = path.join(mkdtempSync(path.join(tmpdir(), 'redis-')), 'home')
  const data = path.join(home, 'data')
  let url = ''
  let pid = 0

  /** One command on a connection of its own. */
  async function ask(...[name = '', ...args]: string[]): Promise<unknown> {
    const client = new Redis(url)
    try {
      return await client.call(name, ...args)
    } finally {
      client.disconnect()
    }
  }

  beforeAll(async () => {
    const both = await Promise.all([startElsewhere('redis', home), startElsewhere('redis', home)])
    expect(both.map((one) => one.started).sort()).toEqual([false, true])
    expect(both[0].pid).toBe(both[1].pid)
    url = both[0].url
    pid = both[0].pid
    await ask('SET', 'kept', 'yes')
    await ask('BGREWRITEAOF')
  })
  afterAll(async () => {
    await stopRedis({ home })
    rmSync(path.dirname(home), { recursive: true })
  })

  test('never evicts, and writes every command to disk within a second', async () => {
    expect(await ask('CONFIG', 'GET', 'maxmemory-policy')).toEqual([
      'maxmemory-policy',
      'noeviction',
    ])
    expect(await ask('CONFIG', 'GET', 'appendfsync')).toEqual(['appendfsync', 'everysec'])
  })

  test('keeps its password from others: not in its command line, files readable by the owner only', () => {
    const password = new URL(url).password
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain(password)
    for (const name of ['password', 'redis.conf'])
      expect(statSync(path.join(home, name)).mode & 0o777).toBe(0o600)
  })

  test('is reused while it runs', async () => {
    expect(await startRedis({ home })).toEqual({ url, pid, started: false })
  })

  test('a killed server is replaced at the same address, with its data', async () => {
    await kill(pid, data)
    const again = await startRedis({ home })
    expect(again).toMatchObject({ url, started: true })
    expect(await ask('GET', 'kept')).toBe('yes')
  })

  test('a command that was cut short on disk costs only itself', async () => {
    await ask('SET', 'last', 'x')
    await stopRedis({ home })
    const [file = ''] = readdirSync(data, { recursive: true, encoding: 'utf8' })
      .map((name) => path.join(data, name))
      .filter((name) => /\.aof$/.test(name) && !/base/.test(name))
    truncateSync(file, statSync(file).size - 3)
    await startRedis({ home })
    expect([await ask('GET', 'kept'), await ask('GET', 'last')]).toEqual(['yes', null])
  })
})
