/** What the stores share: keyset pages, and JSON columns. */
import type { Page, PageRequest } from '../domain/ports.ts'
import type { Prisma } from './generated/client.ts'

/** One row more than asked for tells whether there is a next page. */
export const cursorClause = ({ limit, after }: PageRequest) => ({
  take: limit + 1,
  ...(after === null ? {} : { cursor: { id: after }, skip: 1 }),
})

export function toPage<Row extends { readonly id: string }>(
  rows: readonly Row[],
  { limit }: PageRequest,
): Page<Row> {
  const shown = rows.slice(0, limit)
  return { rows: shown, next: rows.length > limit ? (shown.at(-1)?.id ?? null) : null }
}

/** Domain values in JSON columns are plain data; Prisma's input type cannot see that of readonly ones. */
export const toJson = (value: object): Prisma.InputJsonValue => value as Prisma.InputJsonValue
