/** An empty, migrated database of its own for each test file, on the server that `npm test` names. */
import { randomUUID } from 'node:crypto'
import path from 'node:path'
import pg from 'pg'
import { migrate } from '../../scripts/migrate.js'
import { openDatabase } from '../../src/persistence/database.ts'

export function needed(name: 'DATABASE_URL' | 'REDIS_URL'): string {
  const url = process.env[name]
  if (!url) throw new Error(`${name} is not set: run these tests with \`npm test\``)
  return url
}

async function administer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: needed('DATABASE_URL') })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

export async function createTestDatabase() {
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await administer(`CREATE DATABASE ${name}`)
  const url = new URL(needed('DATABASE_URL'))
  url.pathname = `/${name}`
  await migrate(url.href, path.resolve(import.meta.dirname, '../../prisma/migrations'))
  const { database, bytes, close } = openDatabase(url.href, 8, () => {})
  return {
    url: url.href,
    database,
    bytes,
    async drop(): Promise<void> {
      await close()
      await administer(`DROP DATABASE ${name} WITH (FORCE)`)
    },
  }
}
export type TestDatabase = Awaited<ReturnType<typeof createTestDatabase>>
