/** For orchestrators: is the process alive, and can jobs run? */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'

/** Each resolves to null when all is well, or to what is missing. */
export type HealthChecks = Readonly<Record<string, () => Promise<string | null>>>

const Checks = Type.Object({
  status: Type.Enum(['ready', 'not-ready']),
  checks: Type.Record(Type.String(), Type.String({ description: '"ok", or what is missing.' })),
})

export const healthRoutes: FastifyPluginAsyncTypebox<{ checks: HealthChecks }> = async (
  app,
  { checks },
) => {
  app.get(
    '/live',
    {
      logLevel: 'warn',
      schema: {
        operationId: 'live',
        tags: ['health'],
        summary: 'Whether the process answers',
        security: [],
        response: { 200: Type.Object({ status: Type.Literal('live') }) },
      },
    },
    async () => ({ status: 'live' as const }),
  )
  app.get(
    '/ready',
    {
      logLevel: 'warn',
      schema: {
        operationId: 'ready',
        tags: ['health'],
        summary: 'Whether jobs can run',
        description: 'Postgres and Redis answer, and at least one worker is alive.',
        security: [],
        response: { 200: Checks, 503: Checks },
      },
    },
    async (_, reply) => {
      const results = await Promise.all(
        Object.entries(checks).map(async ([name, check]) => {
          const missing = await check().catch((error: unknown) =>
            error instanceof Error ? error.message : 'failed',
          )
          return [name, missing ?? 'ok'] as const
        }),
      )
      const ready = results.every(([, result]) => result === 'ok')
      reply.code(ready ? 200 : 503)
      return {
        status: ready ? ('ready' as const) : ('not-ready' as const),
        checks: Object.fromEntries(results),
      }
    },
  )
}
