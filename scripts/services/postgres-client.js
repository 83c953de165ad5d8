// @ts-check
import { messageOf } from '../system/problem.js'

const USER = 'distillery'
const DATABASE = 'distillery'

/**
 * @param {number} port
 * @param {string} password
 */
export const postgresUrl = (port, password) =>
  `postgresql://${USER}:${password}@127.0.0.1:${port}/${DATABASE}`

/**
 * @template T
 * @param {number} port
 * @param {string} password
 * @param {(client: import('pg').Client) => Promise<T>} work
 */
async function withClient(port, password, work) {
  const { default: pg } = await import('pg') // installed by then; the set-up itself has no dependencies
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: USER,
    password,
    database: 'postgres',
    ssl: false,
    connectionTimeoutMillis: 5000,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    return await work(client)
  } finally {
    await client.end().catch(() => {})
  }
}

/**
 * @param {number} port
 * @param {string} password
 * @param {string} sql
 * @returns {Promise<unknown>} first value of the answer; undefined when there is none
 */
export async function ask(port, password, sql) {
  try {
    return await withClient(port, password, async (client) => {
      const { rows } = await client.query({ text: sql, rowMode: 'array' })
      return rows[0]?.[0]
    })
  } catch {
    return undefined
  }
}

/**
 * @param {number} port
 * @param {string} password
 */
export async function ensureDatabase(port, password) {
  await withClient(port, password, async (client) => {
    const known = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE])
    if (known.rowCount) return
    try {
      await client.query(`CREATE DATABASE ${DATABASE}`)
    } catch (error) {
      if (!/already exists|duplicate key/.test(messageOf(error))) throw error
    }
  })
}

export { USER as POSTGRES_USER }
