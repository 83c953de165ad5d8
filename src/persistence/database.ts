/** Opens and closes Prisma. Everything below `persistence/` is given the client made here. */
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { Prisma, PrismaClient } from './generated/client.ts'

export type Database = PrismaClient
/** The client inside a transaction. */
export type Transaction = Parameters<Parameters<PrismaClient['$transaction']>[0]>[0]

/** The driver's own connections, which Prisma shares: for bytes, which Prisma would copy several times as text. */
export type ByteChannel = Pick<pg.Pool, 'query'>

export interface OpenDatabase {
  readonly database: Database
  readonly bytes: ByteChannel
  close(): Promise<void>
}

/**
 * @param connections most connections this process may hold
 * @param onError     told about connections that break while idle; the next query opens a new one
 */
export function openDatabase(
  url: string,
  connections: number,
  onError: (error: Error) => void,
): OpenDatabase {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: 5000,
  })
  const adapter = new PrismaPg(pool, { onPoolError: onError, onConnectionError: onError })
  const database = new PrismaClient({
    adapter,
    transactionOptions: { maxWait: 10_000, timeout: 30_000 },
  })
  return {
    database,
    bytes: pool,
    async close() {
      await database.$disconnect()
      await pool.end()
    },
  }
}

/** Someone else wrote a row with the same unique value first. */
export const isUniqueViolation = (error: unknown): boolean =>
  error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002'
