/** What the stores share: keyset pages, and JSON columns. */
import type { Page, PageRequest } from '../domain/ports.ts'
import type { Prisma } from './generated/client.ts'

/**
 * Newest first by id: ids sort by time. A page begins below the last id of the page before, so rows that were deleted
 * meanwhile, that one included, disturb nothing. One row more than asked for tells whether there is a next page.
 */
export const pageClause = ({ limit }: PageRequest) =>
  ({ take: limit + 1, orderBy: { id: 'desc' } }) as const

export const belowCursor = ({ after }: PageRequest) => (after === null ? {} : { id: { lt: after } })

export function toPage<Row extends { readonly id: string }>(
  rows: readonly Row[],
  { limit }: PageRequest,
): Page<Row> {
  const shown = rows.slice(0, limit)
  return { rows: shown, next: rows.length > limit ? (shown.at(-1)?.id ?? null) : null }
}

/** Domain values in JSON columns are plain data; Prisma's input type cannot see that of readonly ones. */
export const toJson = (value: object): Prisma.InputJsonValue => value as Prisma.InputJsonValue
