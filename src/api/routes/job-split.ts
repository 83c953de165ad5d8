/** /v1/jobs/{id}/split: which rows a job holds out. */
import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { SplitService } from '../../application/split-service.ts'
import { Id, problems } from '../schemas/common.ts'

const OrNull = (description: string) => Type.Union([Type.Integer(), Type.Null()], { description })

const Split = Type.Object({
  split: Type.Unknown({ description: 'As in the resolved spec of the job.' }),
  rows: Type.Integer({ description: 'Of the dataset.' }),
  splitSha256: Type.Union([Type.String(), Type.Null()], { description: 'As in the report.' }),
  foldOfRow: Type.Array(
    Type.Array(OrNull('The fold that holds the row out; null: it always trains.')),
    {
      description:
        'One list a repeat, one number a row. Folds are those of the tasks, counted on from repeat to repeat; 0 is the part that holdout keeps back.',
    },
  ),
  setAside: Type.Array(
    Type.Object({
      role: Type.String({
        description:
          'teacher, student or assistant-0, -1, …: distilled and control set the same rows aside, and so do the members of an ensemble.',
      }),
      fold: OrNull('Null: the final training.'),
      innerFold: OrNull('Of a teacher of cross-fit; else null.'),
      validation: Type.Array(Type.Integer(), {
        description: 'Training rows that are measured after each epoch and not trained on.',
      }),
      unused: Type.Array(Type.Integer(), {
        description: 'Training rows without a usable label whose group is set aside.',
      }),
    }),
    { description: 'Of each training with inner validation.' },
  ),
})
const content = {
  'application/json': { schema: Split },
  'text/csv': {
    schema: Type.Unsafe<unknown>({
      type: 'string',
      description: '`repeat,row,fold`; no fold: the row always trains.',
    }),
  },
}

export const jobSplitRoutes: FastifyPluginAsyncTypebox<{ splits: SplitService }> = async (
  app,
  { splits },
) => {
  app.get(
    '/:id/split',
    {
      schema: {
        operationId: 'getJobSplit',
        tags: ['jobs'],
        summary: 'Which rows a job holds out and sets aside',
        description:
          'From the moment the job is submitted: the split follows from the labels, the groups and the seed. Rows are numbered from 0, as in the dataset.',
        params: Id('job'),
        querystring: Type.Object({ format: Type.Enum(['json', 'csv'], { default: 'json' }) }),
        response: {
          200: { description: 'The split.', content },
          ...problems('job-not-found', 'invalid-request', 'never-ready'),
        },
      },
    },
    async ({ params, query: { format } }, reply) => {
      const pieces = await splits.write(params.id, format)
      return reply
        .type(format === 'csv' ? 'text/csv; charset=utf-8' : 'application/json; charset=utf-8')
        .header('content-disposition', `attachment; filename="${params.id}.split.${format}"`)
        .send(Readable.from(pieces))
    },
  )
}
