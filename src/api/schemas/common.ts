/** Shapes that belong to HTTP rather than to the domain. */
import { Type } from 'typebox'
import { PROBLEMS, Problem, type ProblemCode } from '../../domain/problems.ts'

export const ProblemSchema = Type.Object(
  {
    type: Type.String({ format: 'uri' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String({ description: 'What went wrong this time, where, and what to do.' }),
    instance: Type.String({ description: 'The request, as it is called in the log.' }),
    code: Type.Enum(Object.keys(PROBLEMS), { description: 'Stable: decide by this.' }),
    retryable: Type.Boolean({ description: 'Whether the same request may succeed later.' }),
    errors: Type.Array(
      Type.Object({
        pointer: Type.String({ description: 'JSON pointer into the request body.' }),
        code: Type.String(),
        message: Type.String(),
        allowed: Type.Optional(Type.Array(Type.Union([Type.String(), Type.Number()]))),
      }),
    ),
  },
  { $id: 'Problem' },
)

/** Response entries for the problems a route can answer with, besides those that any can. */
export function problems(...codes: ProblemCode[]) {
  const byStatus = new Map<number, ProblemCode[]>()
  for (const code of [...codes, 'unauthorized' as const, 'internal-error' as const]) {
    const { status } = PROBLEMS[code]
    byStatus.set(status, [...(byStatus.get(status) ?? []), code])
  }
  return Object.fromEntries(
    [...byStatus].map(([status, list]) => [
      status,
      {
        description: list.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`).join(' '),
        content: { 'application/problem+json': { schema: { $ref: 'Problem#' } } },
      },
    ]),
  )
}

export const Id = (what: string) =>
  Type.Object({ id: Type.String({ maxLength: 64, description: `Of the ${what}.` }) })

export const PageQuery = {
  limit: Type.Integer({ minimum: 1, maximum: 100, default: 20 }),
  cursor: Type.Optional(
    Type.String({ maxLength: 200, description: '`nextCursor` of the page before.' }),
  ),
}

const encode = (id: string): string => Buffer.from(id).toString('base64url')
function decode(cursor: string): string {
  const id = Buffer.from(cursor, 'base64url').toString()
  if (/^[\w-]+$/.test(id)) return id
  throw new Problem('invalid-request', '`cursor` is not a `nextCursor` of the page before.')
}

export const pageRequest = (query: { limit: number; cursor?: string }) => ({
  limit: query.limit,
  after: query.cursor === undefined ? null : decode(query.cursor),
})

export const pageBody = <Row, View>(
  page: { rows: readonly Row[]; next: string | null },
  view: (row: Row) => View,
) => ({ data: page.rows.map(view), nextCursor: page.next === null ? null : encode(page.next) })
