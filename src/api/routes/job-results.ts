/** What a job has to show: events, learning curves, report, student. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { JobService } from '../../application/job-service.ts'
import type { Model } from '../../domain/model.ts'
import type { BlobStore } from '../../domain/ports.ts'
import type { Report } from '../../domain/report.ts'
import { DOWNLOAD_RESPONSES, FormatQuery, sendWeights } from '../download.ts'
import { Id, problems } from '../schemas/common.ts'

interface Options {
  readonly jobs: JobService
  readonly blobs: BlobStore
  readonly model: (id: string) => Promise<Model>
}

export const jobResultRoutes: FastifyPluginAsyncTypebox<Options> = async (
  app,
  { jobs, blobs, model },
) => {
  app.get(
    '/:id/events',
    {
      schema: {
        operationId: 'listJobEvents',
        tags: ['jobs'],
        summary: 'What happened to a job, in order',
        params: Id('job'),
        querystring: Type.Object({
          after: Type.Integer({
            minimum: 0,
            maximum: 2 ** 31 - 1,
            default: 0,
            description: 'Only events with a larger number.',
          }),
          limit: Type.Integer({ minimum: 1, maximum: 1000, default: 200 }),
        }),
        response: {
          200: Type.Object({
            data: Type.Array(
              Type.Object({
                sequence: Type.Integer(),
                type: Type.String(),
                data: Type.Unknown(),
                at: Type.String({ format: 'date-time' }),
              }),
            ),
          }),
          ...problems('job-not-found', 'invalid-request'),
        },
      },
    },
    async ({ params, query }) => {
      const events = await jobs.events(params.id, query.after, query.limit)
      return { data: events.map((event) => ({ ...event, at: event.at.toISOString() })) }
    },
  )

  app.get(
    '/:id/metrics',
    {
      schema: {
        operationId: 'getJobMetrics',
        tags: ['jobs'],
        summary: 'Learning curves',
        description: 'One series a task, one point an epoch, as far as training has come.',
        params: Id('job'),
        response: {
          200: Type.Object({
            data: Type.Array(
              Type.Object({
                task: Type.String(),
                arm: Type.Union([Type.String(), Type.Null()]),
                fold: Type.Union([Type.Integer(), Type.Null()]),
                attempt: Type.Integer(),
                epochs: Type.Array(Type.Unknown()),
              }),
            ),
          }),
          ...problems('job-not-found'),
        },
      },
    },
    async ({ params }) => {
      const series = new Map<
        string,
        {
          task: string
          arm: string | null
          fold: number | null
          attempt: number
          epochs: unknown[]
        }
      >()
      for (const { values, ...row } of await jobs.metrics(params.id)) {
        const entry = series.get(row.task) ?? { ...row, epochs: [] }
        entry.epochs.push(values)
        series.set(row.task, entry)
      }
      return { data: [...series.values()] }
    },
  )

  app.get(
    '/:id/report',
    {
      schema: {
        operationId: 'getJobReport',
        tags: ['jobs'],
        summary: 'The report',
        params: Id('job'),
        response: {
          200: Type.Unsafe<Report>({ $ref: 'Report#' }),
          ...problems('job-not-found', 'not-ready', 'never-ready'),
        },
      },
    },
    ({ params }) => jobs.report(params.id),
  )

  app.get(
    '/:id/student',
    {
      schema: {
        operationId: 'downloadStudent',
        tags: ['jobs'],
        summary: 'Download the student',
        params: Id('job'),
        querystring: FormatQuery,
        response: {
          ...DOWNLOAD_RESPONSES,
          ...problems('job-not-found', 'not-ready', 'never-ready', 'range-not-satisfiable'),
        },
      },
    },
    async ({ params, query, headers }, reply) =>
      sendWeights(reply, {
        blobs,
        model: await model(await jobs.studentModelId(params.id)),
        format: query.format,
        headers,
      }),
  )
}
