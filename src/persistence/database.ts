/** Opens and closes Prisma. Everything below `persistence/` is given the client made here. */
import { PrismaPg } from '@prisma/adapter-pg'
import { Prisma, PrismaClient } from './generated/client.ts'

export type Database = PrismaClient
/** The client inside a transaction. */
export type Transaction = Parameters<Parameters<PrismaClient['$transaction']>[0]>[0]

/**
 * @param connections most connections this process may hold
 * @param onError     told about connections that break while idle; the next query opens a new one
 */
export function openDatabase(
  url: string,
  connections: number,
  onError: (error: Error) => void,
): { database: Database; close: () => Promise<void> } {
  const adapter = new PrismaPg(
    { connectionString: url, max: connections, connectionTimeoutMillis: 5000 },
    { onPoolError: onError, onConnectionError: onError },
  )
  const database = new PrismaClient({
    adapter,
    transactionOptions: { maxWait: 10_000, timeout: 30_000 },
  })
  return { database, close: () => database.$disconnect() }
}

/** Someone else wrote a row with the same unique value first. */
export const isUniqueViolation = (error: unknown): boolean =>
  error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002'
