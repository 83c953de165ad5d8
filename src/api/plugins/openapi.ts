/** The OpenAPI document, made from the route schemas, and Swagger UI to try it in. */
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { VERSION } from '../../domain/version.ts'

export async function registerOpenapi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Distillery',
        version: VERSION,
        description:
          'Knowledge distillation as a service: submit a teacher, a dataset and a student; get a trained, cross-validated student and the proof of what distillation gained. All errors are `application/problem+json` (RFC 9457) with a stable `code`.',
      },
      tags: [
        { name: 'jobs', description: 'Submit, watch, cancel, and read results.' },
        { name: 'datasets', description: 'Rows with labels, immutable.' },
        {
          name: 'models',
          description: 'Teachers that were uploaded and networks that jobs trained.',
        },
        { name: 'catalogue', description: 'What a job can be made of.' },
        { name: 'health', description: 'For orchestrators.' },
      ],
      components: { securitySchemes: { apiKey: { type: 'http', scheme: 'bearer' } } },
      security: [{ apiKey: [] }, {}],
    },
    refResolver: {
      buildLocalReference: (json, _base, _fragment, index) => String(json.$id ?? `def-${index}`),
    },
  })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    uiConfig: { docExpansion: 'list', tryItOutEnabled: true, displayRequestDuration: true },
    staticCSP: true,
  })
}
