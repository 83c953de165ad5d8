// @ts-check
/**
 * Applies the SQL files of prisma/migrations as `prisma migrate deploy` does, without Prisma's native engine: same
 * table, checksums and advisory lock, so either may carry on where the other stopped. Any number may run at once.
 */
import { createHash, randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { ROOT } from './system/paths.js'
import { messageOf, Problem } from './system/problem.js'
import { explain } from './system/step.js'

/** The number that Prisma's engine locks. */
const LOCK = 72707369
const HISTORY_TABLE = `CREATE TABLE "_prisma_migrations" (
    id                      VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum                VARCHAR(64) NOT NULL,
    finished_at             TIMESTAMPTZ,
    migration_name          VARCHAR(255) NOT NULL,
    logs                    TEXT,
    rolled_back_at          TIMESTAMPTZ,
    started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count     INTEGER NOT NULL DEFAULT 0
)`
const STATE = `SELECT to_regclass('"_prisma_migrations"') AS history,
    (SELECT count(*)::int FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'v', 'm', 'p')) AS relations`

export const MIGRATIONS = path.join(ROOT, 'prisma/migrations')

/** @typedef {{ name: string, sql: string, checksum: string }} Migration */

/**
 * @param {string} url of the database
 * @param {string} [folder] with one folder per migration, each with a `migration.sql`
 * @returns {Promise<string[]>} names of the migrations that were applied now, in order
 * @throws {Problem} P3005: tables but no history; P3009: one that another tool began did not finish; P3018: one failed now
 */
export async function migrate(url, folder = MIGRATIONS) {
  const migrations = await readMigrations(folder)
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: url, application_name: 'distillery-migrate' })
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (error) {
    throw new Problem(
      `the database does not answer: ${messageOf(error)}`,
      'check DATABASE_URL (host, port, user, password, database) and that the server runs',
      { cause: error },
    )
  }
  try {
    return await applyPending(client, migrations)
  } finally {
    await client.end()
  }
}

/**
 * @param {string} folder
 * @returns {Promise<Migration[]>}
 */
async function readMigrations(folder) {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  return Promise.all(
    names.sort().map(async (name) => {
      const bytes = await readFile(path.join(folder, name, 'migration.sql'))
      return {
        name,
        sql: bytes.toString('utf8'),
        checksum: createHash('sha256').update(bytes).digest('hex'),
      }
    }),
  )
}

/**
 * @param {import('pg').Client} client
 * @param {Migration[]} migrations
 */
async function applyPending(client, migrations) {
  await client.query("SET lock_timeout = '60s'")
  await client.query(`SELECT pg_advisory_lock(${LOCK})`) // freed with the connection
  await client.query('SET lock_timeout = 0')
  const done = await readHistory(client)
  /** @type {string[]} */
  const applied = []
  for (const migration of migrations) {
    const known = done.get(migration.name)
    if (known === undefined) {
      await apply(client, migration)
      applied.push(migration.name)
    } else if (known !== migration.checksum)
      throw new Problem(
        `migration ${migration.name} was changed after it was applied`,
        'restore the file as it was, and put the change in a new migration (a throw-away database may be dropped instead: stop the services and remove .data/postgres)',
      )
  }
  return applied
}

/**
 * @param {import('pg').Client} client
 * @returns {Promise<Map<string, string>>} checksum by name of what was applied
 */
async function readHistory(client) {
  const state = (await client.query(STATE)).rows[0]
  if (!state.history) {
    if (state.relations > 0)
      throw new Problem(
        'P3005: the database has tables but no migration history',
        'give Distillery a database of its own (CREATE DATABASE distillery) and name it in DATABASE_URL',
      )
    await client.query(HISTORY_TABLE)
  }
  const { rows } = await client.query(
    'SELECT migration_name, checksum, finished_at FROM "_prisma_migrations" WHERE rolled_back_at IS NULL',
  )
  const failed = rows.filter((row) => !row.finished_at).map((row) => row.migration_name)
  if (failed.length > 0)
    throw new Problem(
      `P3009: unfinished migrations in the database: ${failed.join(', ')}`,
      'see the column logs of _prisma_migrations, correct the cause, then `npx prisma migrate resolve --rolled-back NAME`',
    )
  return new Map(rows.map((row) => [row.migration_name, row.checksum]))
}

/**
 * One message of the simple protocol, hence one transaction: history row and change appear together or not at all,
 * also when we or the server are killed in between.
 * @param {import('pg').Client} client
 * @param {Migration} migration
 */
async function apply(client, { name, sql, checksum }) {
  const values = [randomUUID(), checksum, name].map((value) => client.escapeLiteral(value))
  try {
    await client.query(`${sql}
;
INSERT INTO "_prisma_migrations" (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
  VALUES (${values.join(', ')}, now(), clock_timestamp(), 1)`)
  } catch (error) {
    throw new Problem(
      `P3018: migration ${name} failed: ${messageOf(error)}`,
      'nothing of it was kept: correct the cause, then run this again',
      { cause: error },
    )
  }
}

/** @param {string[]} applied */
export const describeApplied = (applied) =>
  applied.length > 0 ? `applied ${applied.join(', ')}` : 'no pending migrations'

if (process.argv[1] === import.meta.filename) {
  try {
    const url = process.env.DATABASE_URL
    if (!url) throw new Problem('DATABASE_URL is not set', 'set it to the database to migrate')
    process.stdout.write(`${describeApplied(await migrate(url))}\n`)
  } catch (error) {
    explain(error)
    process.exitCode = 1
  }
}
