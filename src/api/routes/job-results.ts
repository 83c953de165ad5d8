/** What a job has to show: events, learning curves, student. */
import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { ExportService } from '../../application/export-service.ts'
import type { JobService } from '../../application/job-service.ts'
import type { Model } from '../../domain/model.ts'
import type { BlobStore } from '../../domain/ports.ts'
import { DOWNLOAD_RESPONSES, FormatQuery, sendWeights } from '../download.ts'
import { jobEventStream } from '../event-stream.ts'
import { Id, problems } from '../schemas/common.ts'
import { type EpochPoint, EpochPointSchema } from '../schemas/learning-curve.ts'

/** Of the database's integer. */
const MAX_SEQUENCE = 2_147_483_647

const EventPage = Type.Object({
  data: Type.Array(
    Type.Object({
      sequence: Type.Integer(),
      type: Type.String(),
      data: Type.Unknown(),
      at: Type.String({ format: 'date-time' }),
    }),
  ),
})

interface Options {
  readonly jobs: JobService
  readonly blobs: BlobStore
  readonly exports: ExportService
  readonly model: (id: string) => Promise<Model>
}

export const jobResultRoutes: FastifyPluginAsyncTypebox<Options> = async (
  app,
  { jobs, blobs, exports, model },
) => {
  const closing = new AbortController()
  // Streams end before the server waits for its connections to.
  app.addHook('preClose', async () => closing.abort())

  app.get(
    '/:id/events',
    {
      schema: {
        operationId: 'listJobEvents',
        tags: ['jobs'],
        summary: 'What happened to a job, in order',
        description:
          'As JSON; or with `Accept: text/event-stream` as a stream that goes on until the job has ended, with `progress` events in between. A stream that broke is resumed with `Last-Event-ID` (or `after`).',
        params: Id('job'),
        headers: Type.Object({
          'last-event-id': Type.Optional(Type.Integer({ minimum: 0, maximum: MAX_SEQUENCE })),
        }),
        querystring: Type.Object({
          after: Type.Integer({
            minimum: 0,
            maximum: MAX_SEQUENCE,
            default: 0,
            description: 'Only events with a larger number.',
          }),
          limit: Type.Integer({ minimum: 1, maximum: 1000, default: 200, description: 'Of JSON.' }),
        }),
        response: {
          200: {
            description: 'Events.',
            content: {
              'application/json': { schema: EventPage },
              'text/event-stream': { schema: Type.Unsafe<Readable>({ type: 'string' }) },
            },
          },
          ...problems('job-not-found', 'invalid-request'),
        },
      },
    },
    async ({ params, query, headers }, reply) => {
      if (!headers.accept?.includes('text/event-stream')) {
        const events = await jobs.events(params.id, query.after, query.limit)
        return { data: events.map((event) => ({ ...event, at: event.at.toISOString() })) }
      }
      // Looked up before the stream begins, so that a wrong id is a problem and not an empty stream.
      await jobs.get(params.id)
      const after = headers['last-event-id'] ?? query.after
      return (
        reply
          .type('text/event-stream')
          .header('cache-control', 'no-cache')
          .header('x-accel-buffering', 'no')
          // Else a server that closes would wait for the connection after the stream has ended.
          .header('connection', 'close')
          .send(Readable.from(jobEventStream(jobs, params.id, after, closing.signal)))
      )
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
                index: Type.Union([Type.Integer(), Type.Null()]),
                fold: Type.Union([Type.Integer(), Type.Null()]),
                attempt: Type.Integer(),
                epochs: Type.Array(EpochPointSchema),
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
          index: number | null
          fold: number | null
          attempt: number
          epochs: EpochPoint[]
        }
      >()
      for (const { values, index = null, ...row } of await jobs.metrics(params.id)) {
        const entry = series.get(row.task) ?? { ...row, index, epochs: [] }
        entry.epochs.push(values as EpochPoint)
        series.set(row.task, entry)
      }
      return { data: [...series.values()] }
    },
  )

  app.get(
    '/:id/student',
    {
      schema: {
        operationId: 'downloadStudent',
        tags: ['jobs'],
        summary: 'Download the student in a format',
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
        exports,
        model: await model(await jobs.studentModelId(params.id)),
        ...query,
        headers,
      }),
  )
}
