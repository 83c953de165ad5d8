/** Refuses text that Postgres cannot keep, before a handler sees it: U+0000, and half of a surrogate pair. */
import type { FastifyInstance } from 'fastify'
import { Problem } from '../../domain/problems.ts'

const WHAT = 'text may not have the character U+0000 or half of a surrogate pair'

const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed()

/** JSON pointer of the first text that cannot be kept; null when there is none. */
function unstorable(value: unknown, pointer: string): string | null {
  if (typeof value === 'string') return isStorable(value) ? null : pointer
  if (typeof value !== 'object' || value === null) return null
  for (const [key, part] of Object.entries(value)) {
    const found = unstorable(part, `${pointer}/${key}`)
    if (found !== null) return found
  }
  return null
}

/** @param where what the request calls it, for example `querystring` */
export function requireStorableText(where: string, value: unknown): void {
  const pointer = unstorable(value, '')
  if (pointer !== null) throw new Problem('invalid-request', `${where}: ${pointer}: ${WHAT}.`)
}

export function registerStorableText(app: FastifyInstance): void {
  // After validation, which has refused unknown fields by then: what is walked here is as deep as a schema.
  app.addHook('preHandler', async ({ params, query, body, routeOptions }) => {
    requireStorableText('params', params)
    requireStorableText('querystring', query)
    if (!routeOptions.schema?.body || isStream(body)) return
    const pointer = unstorable(body, '')
    if (pointer !== null)
      throw new Problem('invalid-spec', `${pointer}: ${WHAT}`, {
        issues: [{ pointer, code: 'text-not-storable', message: WHAT }],
      })
  })
}

const isStream = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && Symbol.asyncIterator in body
