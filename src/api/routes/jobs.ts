/** /v1/jobs: submit, look at, cancel and delete jobs. */
import { createHash } from 'node:crypto'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { JobService } from '../../application/job-service.ts'
import type { JobSpec } from '../../domain/job-spec.ts'
import { JOB_STATUSES } from '../../domain/words.ts'
import { Id, PageQuery, pageBody, pageRequest, problems } from '../schemas/common.ts'
import { JobSummarySchema, jobBody, summaryBody } from '../schemas/job.ts'

const Spec = Type.Unsafe<JobSpec>({ $ref: 'JobSpec#' })
const Job = Type.Unsafe<ReturnType<typeof jobBody>>({ $ref: 'Job#' })
const Known = (description: string) =>
  Type.Union([Type.Integer(), Type.Null()], {
    description: `${description} Null for a given teacher that does not tell.`,
  })
const Estimate = Type.Object({
  parameters: Known('Trainable weights.'),
  weightBytes: Known('As float32.'),
  multiplyAdds: Known('Of one row, forward.'),
})

const hash = (body: unknown): string =>
  createHash('sha256').update(JSON.stringify(body)).digest('hex')

export const jobRoutes: FastifyPluginAsyncTypebox<{ jobs: JobService }> = async (app, { jobs }) => {
  app.post(
    '',
    {
      schema: {
        operationId: 'submitJob',
        tags: ['jobs'],
        summary: 'Submit a job',
        description:
          'Accepted for good with 202. Send an `Idempotency-Key` to be able to repeat the request safely: the same key and body give the same job.',
        headers: Type.Object({
          'idempotency-key': Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
        }),
        body: Spec,
        response: {
          202: Job,
          ...problems(
            'malformed-body',
            'invalid-request',
            'body-too-large',
            'unsupported-media-type',
            'invalid-spec',
            'idempotency-key-reused',
            'too-many-jobs',
            'unavailable',
          ),
        },
      },
    },
    async (request, reply) => {
      const key = request.headers['idempotency-key']
      const { job, replayed } = await jobs.submit(
        request.body,
        key === undefined ? null : { key, bodySha256: hash(request.body) },
      )
      reply.code(202).header('location', `/v1/jobs/${job.id}`)
      if (replayed) reply.header('idempotent-replayed', 'true')
      return jobBody(job)
    },
  )

  app.post(
    '/validate',
    {
      schema: {
        operationId: 'validateJob',
        tags: ['jobs'],
        summary: 'Check a job without submitting it',
        body: Spec,
        response: {
          200: Type.Object({
            resolvedSpec: Type.Unknown(),
            notes: Type.Array(Type.String()),
            estimate: Type.Object({
              teacher: Estimate,
              student: Estimate,
              tasks: Type.Integer(),
              trainings: Type.Integer(),
            }),
          }),
          ...problems('malformed-body', 'unsupported-media-type', 'invalid-spec'),
        },
      },
    },
    async (request) => {
      const { resolved, estimate } = await jobs.validate(request.body)
      return { resolvedSpec: resolved, notes: [...resolved.notes], estimate }
    },
  )

  app.get(
    '',
    {
      schema: {
        operationId: 'listJobs',
        tags: ['jobs'],
        summary: 'List jobs, newest first',
        querystring: Type.Object({
          ...PageQuery,
          status: Type.Optional(
            Type.Array(Type.Enum([...JOB_STATUSES]), { description: 'Repeat it for several.' }),
          ),
          datasetId: Type.Optional(Type.String({ maxLength: 64 })),
          name: Type.Optional(Type.String({ maxLength: 200, description: 'Exactly this name.' })),
        }),
        response: {
          200: Type.Object({
            data: Type.Array(JobSummarySchema),
            nextCursor: Type.Union([Type.String(), Type.Null()]),
          }),
          ...problems('invalid-request'),
        },
      },
    },
    async ({ query }) =>
      pageBody(
        await jobs.list(
          {
            statuses: query.status ?? [],
            datasetId: query.datasetId ?? null,
            name: query.name ?? null,
          },
          pageRequest(query),
        ),
        summaryBody,
      ),
  )

  app.get(
    '/:id',
    {
      schema: {
        operationId: 'getJob',
        tags: ['jobs'],
        summary: 'Look at a job',
        params: Id('job'),
        response: { 200: Job, ...problems('job-not-found') },
      },
    },
    async ({ params }) => jobBody(await jobs.get(params.id)),
  )

  app.post(
    '/:id/cancel',
    {
      schema: {
        operationId: 'cancelJob',
        tags: ['jobs'],
        summary: 'Cancel a job',
        description: 'What waits is cancelled at once; what runs is stopped within a second.',
        params: Id('job'),
        response: { 202: Job, ...problems('job-not-found', 'job-is-terminal') },
      },
    },
    async ({ params }, reply) => {
      const job = await jobs.cancel(params.id)
      reply.code(202)
      return jobBody(job)
    },
  )

  app.delete(
    '/:id',
    {
      schema: {
        operationId: 'deleteJob',
        tags: ['jobs'],
        summary: 'Delete a job that has ended',
        description: 'Its models stay until they are deleted themselves.',
        params: Id('job'),
        response: {
          204: Type.Null({ description: 'Deleted.' }),
          ...problems('job-not-found', 'job-not-terminal'),
        },
      },
    },
    async ({ params }, reply) => {
      await jobs.remove(params.id)
      reply.code(204)
      return null
    },
  )
}
