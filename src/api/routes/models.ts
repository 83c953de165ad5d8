/** /v1/models: upload teachers, look at, download and delete models. */
import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { ExportService } from '../../application/export-service.ts'
import type { ModelService } from '../../application/model-service.ts'
import type { BlobStore } from '../../domain/ports.ts'
import { Problem } from '../../domain/problems.ts'
import { type ModelSource, openModelFiles } from '../../models/model-source.ts'
import { openModelArchive } from '../../models/open-model-archive.ts'
import { DOWNLOAD_RESPONSES, FormatQuery, sendWeights } from '../download.ts'
import { Id, PageQuery, pageBody, pageRequest, problems } from '../schemas/common.ts'
import { modelBody } from '../schemas/model.ts'
import { acceptUploads, exceptBody, numberList, rawBody, readForm } from '../uploads.ts'

const RAW_TYPES = ['application/zip', 'application/octet-stream']

const UploadQuery = Type.Object({
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  inputMean: Type.Optional(
    Type.String({
      description:
        'Subtracted from raw values before the first layer: one number or one a channel.',
    }),
  ),
  inputStandardDeviation: Type.Optional(
    Type.String({
      description: 'Then divided by this; `255` for a model that was trained on x / 255.',
    }),
  ),
  classNames: Type.Optional(
    Type.String({ description: 'Comma-separated, in the order of the logits.' }),
  ),
})

interface Settings {
  readonly name?: string
  readonly inputMean?: string
  readonly inputStandardDeviation?: string
  readonly classNames?: string
}

interface Options {
  readonly models: ModelService
  readonly exports: ExportService
  readonly blobs: BlobStore
  readonly maxUploadBytes: number
}

const Model = Type.Unsafe<ReturnType<typeof modelBody>>({ $ref: 'Model#' })

export const modelRoutes: FastifyPluginAsyncTypebox<Options> = async (
  app,
  { models, exports, blobs, maxUploadBytes },
) => {
  await acceptUploads(app, RAW_TYPES, maxUploadBytes)

  async function keep(source: ModelSource, settings: Settings) {
    try {
      return await models.upload({
        name: settings.name ?? 'teacher',
        source,
        mean: numberList('inputMean', settings.inputMean),
        standardDeviation: numberList('inputStandardDeviation', settings.inputStandardDeviation),
        classNames: settings.classNames?.split(',').map((name) => name.trim()) ?? null,
      })
    } finally {
      await source.close()
    }
  }

  async function uploadForm(request: FastifyRequest, query: Settings) {
    const { values, files } = await readForm(request, UploadQuery)
    const settings = { ...values, ...query }
    const [only] = files
    if (!only) throw new Problem('invalid-request', 'The form has no file.')
    const source =
      files.length === 1
        ? await openModelArchive(only.path)
        : await openModelFiles(new Map(files.map((file) => [file.filename, file.path])))
    return keep(source, settings)
  }

  /** A zip is read from its end, so a raw one goes to disk first. */
  async function uploadRaw(request: FastifyRequest, query: Settings) {
    const file = path.join(tmpdir(), `distillery-${randomUUID()}.zip`)
    try {
      await pipeline(
        Readable.from(rawBody(request, maxUploadBytes)),
        createWriteStream(file, { mode: 0o600 }),
      )
      return await keep(await openModelArchive(file), query)
    } finally {
      await rm(file, { force: true })
    }
  }

  app.post(
    '',
    {
      validatorCompiler: exceptBody(app),
      schema: {
        operationId: 'uploadModel',
        tags: ['models'],
        summary: 'Upload a teacher',
        description:
          'A TensorFlow.js layers model: a zip with model.json and its weight files, or the files as a form. A softmax at its end is taken off, because teachers give logits.',
        consumes: [...RAW_TYPES, 'multipart/form-data'],
        querystring: UploadQuery,
        body: {
          content: {
            'application/zip': { schema: { type: 'string', format: 'binary' } },
            'multipart/form-data': {
              schema: {
                type: 'object',
                description: 'One zip, or `model.json` and the weight files it names.',
                additionalProperties: { type: 'string', format: 'binary' },
              },
            },
          },
        },
        response: {
          201: Type.Object({ model: Model, notes: Type.Array(Type.String()), id: Type.String() }),
          ...problems(
            'invalid-request',
            'body-too-large',
            'unsupported-media-type',
            'invalid-model',
          ),
        },
      },
    },
    async (request, reply) => {
      if (!request.isMultipart() && (request.body === undefined || request.body === null))
        throw new Problem(
          'unsupported-media-type',
          `Send a body as one of ${RAW_TYPES.join(', ')}.`,
        )
      const { model, notes } = await (request.isMultipart()
        ? uploadForm(request, request.query)
        : uploadRaw(request, request.query))
      reply.code(201).header('location', `/v1/models/${model.id}`)
      return { id: model.id, model: modelBody(model), notes: [...notes] }
    },
  )

  app.get(
    '',
    {
      schema: {
        operationId: 'listModels',
        tags: ['models'],
        summary: 'List models, newest first',
        querystring: Type.Object(PageQuery),
        response: {
          200: Type.Object({
            data: Type.Array(Model),
            nextCursor: Type.Union([Type.String(), Type.Null()]),
          }),
          ...problems('invalid-request'),
        },
      },
    },
    async ({ query }) => pageBody(await models.list(pageRequest(query)), modelBody),
  )

  app.get(
    '/:id',
    {
      schema: {
        operationId: 'getModel',
        tags: ['models'],
        summary: 'Look at a model',
        params: Id('model'),
        response: { 200: Model, ...problems('model-not-found') },
      },
    },
    async ({ params }) => modelBody(await models.get(params.id)),
  )

  app.get(
    '/:id/weights',
    {
      schema: {
        operationId: 'downloadWeights',
        tags: ['models'],
        summary: 'Download the model in a format',
        params: Id('model'),
        querystring: FormatQuery,
        response: {
          ...DOWNLOAD_RESPONSES,
          ...problems('model-not-found', 'never-ready', 'range-not-satisfiable'),
        },
      },
    },
    async ({ params, query, headers }, reply) =>
      sendWeights(reply, {
        blobs,
        exports,
        model: await models.get(params.id),
        ...query,
        headers,
      }),
  )

  app.delete(
    '/:id',
    {
      schema: {
        operationId: 'deleteModel',
        tags: ['models'],
        summary: 'Delete a model',
        params: Id('model'),
        response: {
          204: Type.Null({ description: 'Deleted.' }),
          ...problems('model-not-found', 'in-use'),
        },
      },
    },
    async ({ params }, reply) => {
      await models.remove(params.id)
      reply.code(204)
      return null
    },
  )
}
