/** One key for all of /v1, when one is configured. Health, documentation and the start page stay open. */
import bearerAuth from '@fastify/bearer-auth'
import type { FastifyInstance } from 'fastify'
import { Problem } from '../../domain/problems.ts'

export async function registerAuthentication(
  app: FastifyInstance,
  apiKey: string | undefined,
): Promise<void> {
  if (!apiKey) return
  await app.register(bearerAuth, { keys: new Set([apiKey]), addHook: false })
  app.addHook('onRequest', (request, reply, done) => {
    if (!request.routeOptions.url?.startsWith('/v1')) return done()
    app.verifyBearerAuth?.(request, reply, (error) =>
      done(
        error
          ? new Problem('unauthorized', 'Send `Authorization: Bearer <API_KEY>`.', {
              headers: { 'www-authenticate': 'Bearer' },
            })
          : undefined,
      ),
    )
  })
}
