/** /v1/datasets: upload, look at and delete datasets. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { DatasetService } from '../../application/dataset-service.ts'
import type { Dataset } from '../../domain/dataset.ts'
import { Problem } from '../../domain/problems.ts'
import { Id, PageQuery, pageBody, pageRequest, problems } from '../schemas/common.ts'
import { datasetBody } from '../schemas/dataset.ts'
import {
  acceptUploads,
  exceptBody,
  numberList,
  openFile,
  rawBody,
  readForm,
  type UploadedFile,
} from '../uploads.ts'

const RAW_TYPES = ['text/csv', 'application/csv', 'application/octet-stream']

const UploadQuery = Type.Object({
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  format: Type.Optional(Type.Enum(['csv', 'idx'], { description: 'Default csv.' })),
  labelColumn: Type.Optional(
    Type.String({
      maxLength: 200,
      description: 'csv: the column with the class; default `label`.',
    }),
  ),
  groupColumn: Type.Optional(
    Type.String({
      maxLength: 200,
      description:
        'csv: a column that names which rows belong together (one patient, one writer); it is no feature. For `evaluation.groups` of jobs.',
    }),
  ),
  inputShape: Type.Optional(
    Type.String({
      pattern: '^\\d+(,\\d+){0,2}$',
      description: 'csv: `height,width,channels` when the columns are the pixels of an image.',
    }),
  ),
})

const binary = { schema: { type: 'string', format: 'binary' } }
/** For the documentation only: these bodies are read as streams, never parsed whole. */
const UPLOAD_BODY = {
  content: {
    'text/csv': binary,
    'multipart/form-data': {
      schema: {
        type: 'object',
        description: 'csv: one file of any name. idx: files `images` and `labels`, gzipped or not.',
        properties: {
          file: { type: 'string', format: 'binary' },
          images: { type: 'string', format: 'binary' },
          labels: { type: 'string', format: 'binary' },
        },
      },
    },
  },
}

interface Options {
  readonly datasets: DatasetService
  readonly maxUploadBytes: number
}

interface Settings {
  readonly name?: string
  readonly format?: string
  readonly labelColumn?: string
  readonly groupColumn?: string
  readonly inputShape?: string
}

const baseName = (filename: string): string => filename.replace(/\.[^.]*$/, '') || 'dataset'

export const datasetRoutes: FastifyPluginAsyncTypebox<Options> = async (
  app,
  { datasets, maxUploadBytes },
) => {
  await acceptUploads(app, RAW_TYPES, maxUploadBytes)

  const csv = (settings: Settings, source: AsyncIterable<Uint8Array>, name: string) =>
    datasets.uploadCsv({
      name: settings.name ?? name,
      source,
      labelColumn: settings.labelColumn ?? 'label',
      groupColumn: settings.groupColumn ?? null,
      inputShape: numberList('inputShape', settings.inputShape),
    })

  function part(files: readonly UploadedFile[], field: string): UploadedFile {
    const file = files.find((one) => one.field === field)
    if (!file)
      throw new Problem(
        'invalid-request',
        `format idx needs the files \`images\` and \`labels\` in a form; there is no \`${field}\`.`,
      )
    return file
  }

  async function uploadForm(request: FastifyRequest, query: Settings): Promise<Dataset> {
    const { values, files } = await readForm(request, UploadQuery)
    const settings: Settings = { ...values, ...query }
    const format = settings.format ?? 'csv'
    if (format === 'idx') {
      if (settings.groupColumn !== undefined)
        throw new Problem(
          'invalid-dataset',
          'format idx has no columns, so `groupColumn` cannot name one: send a dataset with groups as csv.',
        )
      const images = part(files, 'images')
      return datasets.uploadIdx({
        name: settings.name ?? baseName(images.filename),
        images: openFile(images),
        labels: openFile(part(files, 'labels')),
      })
    }
    if (format !== 'csv')
      throw new Problem('invalid-request', `\`format\` must be csv or idx, not "${format}".`)
    const [file, ...others] = files
    if (!file || others.length > 0)
      throw new Problem(
        'invalid-request',
        `format csv takes one file; the form has ${files.length}.`,
      )
    return csv(settings, openFile(file), baseName(file.filename))
  }

  app.post(
    '',
    {
      validatorCompiler: exceptBody(app),
      schema: {
        operationId: 'uploadDataset',
        tags: ['datasets'],
        summary: 'Upload a dataset',
        description:
          'csv: numbers with a header line and one column of class labels (text or numbers), and with `groupColumn` one of groups. idx: the format of MNIST, as a form with `images` and `labels`.',
        consumes: [...RAW_TYPES, 'multipart/form-data'],
        querystring: UploadQuery,
        body: UPLOAD_BODY,
        response: {
          201: Type.Unsafe<ReturnType<typeof datasetBody>>({ $ref: 'Dataset#' }),
          ...problems(
            'invalid-request',
            'malformed-body',
            'body-too-large',
            'unsupported-media-type',
            'invalid-dataset',
          ),
        },
      },
    },
    async (request, reply) => {
      const { query } = request
      let dataset: Dataset
      if (request.isMultipart()) dataset = await uploadForm(request, query)
      else if (query.format === 'idx')
        throw new Problem(
          'unsupported-media-type',
          'format idx comes as multipart/form-data with the files `images` and `labels`.',
        )
      else if (request.body === undefined || request.body === null)
        throw new Problem(
          'unsupported-media-type',
          `Send a body as one of ${RAW_TYPES.join(', ')}.`,
        )
      else dataset = await csv(query, rawBody(request, maxUploadBytes), 'dataset')
      reply.code(201).header('location', `/v1/datasets/${dataset.id}`)
      return datasetBody(dataset)
    },
  )

  app.get(
    '',
    {
      schema: {
        operationId: 'listDatasets',
        tags: ['datasets'],
        summary: 'List datasets, newest first',
        querystring: Type.Object(PageQuery),
        response: {
          200: Type.Object({
            data: Type.Array(Type.Unsafe<ReturnType<typeof datasetBody>>({ $ref: 'Dataset#' })),
            nextCursor: Type.Union([Type.String(), Type.Null()]),
          }),
          ...problems('invalid-request'),
        },
      },
    },
    async ({ query }) => pageBody(await datasets.list(pageRequest(query)), datasetBody),
  )

  app.get(
    '/:id',
    {
      schema: {
        operationId: 'getDataset',
        tags: ['datasets'],
        summary: 'Look at a dataset and its profile',
        params: Id('dataset'),
        response: {
          200: Type.Unsafe<ReturnType<typeof datasetBody>>({ $ref: 'Dataset#' }),
          ...problems('dataset-not-found'),
        },
      },
    },
    async ({ params }) => datasetBody(await datasets.get(params.id)),
  )

  app.get(
    '/:id/preview',
    {
      schema: {
        operationId: 'previewDataset',
        tags: ['datasets'],
        summary: 'Some rows of a dataset',
        params: Id('dataset'),
        querystring: Type.Object({
          offset: Type.Integer({ minimum: 0, default: 0 }),
          limit: Type.Integer({ minimum: 1, maximum: 100, default: 10 }),
        }),
        response: {
          200: Type.Object({
            data: Type.Array(
              Type.Object({
                row: Type.Integer({ description: 'From 0.' }),
                label: Type.String(),
                features: Type.Array(Type.Number(), { description: 'Row-major.' }),
              }),
            ),
          }),
          ...problems('dataset-not-found', 'invalid-request'),
        },
      },
    },
    async ({ params, query }) => ({
      data: await datasets.preview(params.id, query.offset, query.limit),
    }),
  )

  app.delete(
    '/:id',
    {
      schema: {
        operationId: 'deleteDataset',
        tags: ['datasets'],
        summary: 'Delete a dataset',
        params: Id('dataset'),
        response: {
          204: Type.Null({ description: 'Deleted.' }),
          ...problems('dataset-not-found', 'in-use'),
        },
      },
    },
    async ({ params }, reply) => {
      await datasets.remove(params.id)
      reply.code(204)
      return null
    },
  )
}
