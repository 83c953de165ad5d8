/** The whole HTTP interface. What it needs comes in; it opens nothing itself. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyServerOptions } from 'fastify'
import type { DatasetService } from '../application/dataset-service.ts'
import type { ExportService } from '../application/export-service.ts'
import type { JobService } from '../application/job-service.ts'
import type { ModelService } from '../application/model-service.ts'
import type { ReportService } from '../application/report-service.ts'
import type { SplitService } from '../application/split-service.ts'
import { JobSpec } from '../domain/job-spec.ts'
import { NAMED_SCHEMAS } from '../domain/named-schemas.ts'
import type { BlobStore } from '../domain/ports.ts'
import { REPORT_SCHEMAS } from '../domain/report/report.ts'
import { registerAuthentication } from './plugins/authentication.ts'
import { registerJsonBody } from './plugins/json-body.ts'
import { registerOpenapi } from './plugins/openapi.ts'
import { registerProblems, sendProblem } from './plugins/problems.ts'
import { registerStorableText } from './plugins/storable-text.ts'
import { createValidatorCompiler } from './plugins/validation.ts'
import { catalogueRoutes } from './routes/catalogue.ts'
import { datasetRoutes } from './routes/datasets.ts'
import { type HealthChecks, healthRoutes } from './routes/health.ts'
import { jobReportRoutes } from './routes/job-report.ts'
import { jobResultRoutes } from './routes/job-results.ts'
import { jobSplitRoutes } from './routes/job-split.ts'
import { jobRoutes } from './routes/jobs.ts'
import { modelRoutes } from './routes/models.ts'
import { ProblemSchema } from './schemas/common.ts'
import { DatasetSchema } from './schemas/dataset.ts'
import { JobSchema } from './schemas/job.ts'
import { ModelSchema } from './schemas/model.ts'

export interface AppDependencies {
  readonly jobs: JobService
  readonly datasets: DatasetService
  readonly models: ModelService
  readonly exports: ExportService
  readonly splits: SplitService
  readonly reports: ReportService
  readonly blobs: BlobStore
  readonly health: HealthChecks
  readonly maxUploadBytes: number
  readonly apiKey?: string | undefined
  readonly logger?: FastifyServerOptions['loggerInstance']
}

/** Named in the document and in routes by `$ref`. */
const SHARED = [
  ...NAMED_SCHEMAS,
  JobSpec,
  JobSchema,
  ...REPORT_SCHEMAS,
  DatasetSchema,
  ModelSchema,
  ProblemSchema,
]

export async function buildApp(dependencies: AppDependencies) {
  const { jobs, datasets, models, exports, reports, blobs, maxUploadBytes } = dependencies
  const app = Fastify({
    ...(dependencies.logger ? { loggerInstance: dependencies.logger } : {}),
    bodyLimit: 4 * 1024 * 1024,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 100 },
    forceCloseConnections: 'idle',
    // What the router refuses never reaches the error handler.
    frameworkErrors: (error, request, reply) => sendProblem(error, request, reply),
  }).withTypeProvider<TypeBoxTypeProvider>()
  // Taken by default, as text that no route wants.
  app.removeContentTypeParser('text/plain')
  app.setValidatorCompiler(createValidatorCompiler(SHARED))
  for (const schema of SHARED) app.addSchema(schema)

  registerProblems(app)
  registerJsonBody(app)
  await registerAuthentication(app, dependencies.apiKey)
  await registerOpenapi(app)
  registerStorableText(app)

  await app.register(jobRoutes, { prefix: '/v1/jobs', jobs })
  await app.register(jobResultRoutes, {
    prefix: '/v1/jobs',
    jobs,
    blobs,
    exports,
    model: models.get,
  })
  await app.register(jobSplitRoutes, { prefix: '/v1/jobs', splits: dependencies.splits })
  await app.register(jobReportRoutes, { prefix: '/v1/jobs', jobs, reports })
  await app.register(datasetRoutes, { prefix: '/v1/datasets', datasets, maxUploadBytes })
  await app.register(modelRoutes, { prefix: '/v1/models', models, exports, blobs, maxUploadBytes })
  await app.register(catalogueRoutes, { prefix: '/v1' })
  await app.register(healthRoutes, { prefix: '/health', checks: dependencies.health })

  app.get('/openapi.yaml', { schema: { hide: true } }, (_, reply) =>
    reply.type('application/yaml').send(app.swagger({ yaml: true })),
  )
  app.get('/', { schema: { hide: true } }, (_, reply) => reply.redirect('/docs'))
  return app
}
