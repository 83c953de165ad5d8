/** /v1/models: upload teachers, look at, download and delete models. */
import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { ErrorObject } from 'ajv'
import type { FastifyRequest } from 'fastify'
import { type Static, type TSchema, Type } from 'typebox'
import type { ExportService } from '../../application/export-service.ts'
import type { ModelService } from '../../application/model-service.ts'
import type { UploadSettings } from '../../application/model-upload.ts'
import { Architecture } from '../../domain/architecture.ts'
import { INPUT_LAYOUTS } from '../../domain/foreign-graph.ts'
import { ownFileOf } from '../../domain/model-form.ts'
import type { BlobStore } from '../../domain/ports.ts'
import { Problem } from '../../domain/problems.ts'
import { OUTPUT_KINDS } from '../../models/outputs/check-outputs.ts'
import type { UploadFiles } from '../../models/recognise-upload.ts'
import { WEIGHT_LAYOUTS } from '../../models/safetensors/wanted-modules.ts'
import { DOWNLOAD_RESPONSES, FileQuery, sendWeights } from '../download.ts'
import { Id, PageQuery, pageBody, pageRequest, problems } from '../schemas/common.ts'
import { modelBody } from '../schemas/model.ts'
import { acceptUploads, exceptBody, numberList, rawBody, readForm } from '../uploads.ts'
import { toIssues } from '../validation-issues.ts'

const RAW_TYPES = ['application/zip', 'application/octet-stream']

const UploadQuery = Type.Object({
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  inputMean: Type.Optional(
    Type.String({
      description:
        'Networks: subtracted from raw values before the first layer: one number or one a channel.',
    }),
  ),
  inputStandardDeviation: Type.Optional(
    Type.String({
      description: 'Networks: then divided by this; `255` for a model that was trained on x / 255.',
    }),
  ),
  classNames: Type.Optional(
    Type.String({ description: 'Comma-separated, in the order of the logits.' }),
  ),
  inputShape: Type.Optional(
    Type.String({
      pattern: '^\\d{1,9}(,\\d{1,9}){0,2}$',
      description:
        'Safetensors with an architecture: `features`, or `height,width,channels` in this order for either layout.',
    }),
  ),
  classes: Type.Optional(
    Type.String({
      pattern: '^\\d{1,6}$',
      description: 'Safetensors with a preset as architecture: how many classes.',
    }),
  ),
  layout: Type.Optional(
    Type.Enum([...new Set([...WEIGHT_LAYOUTS, ...INPUT_LAYOUTS])], {
      description:
        'Safetensors: channels-last (the default) as Keras and this service store kernels, or pytorch: [out, in, height, width] and [out, in], flattened with channels first. ONNX and SavedModel: channels-first or channels-last, where the input does not show it.',
    }),
  ),
  output: Type.Optional(
    Type.String({ description: 'ONNX and SavedModel: name of the output with the logits.' }),
  ),
  signature: Type.Optional(
    Type.String({ description: 'SavedModel: name of the signature; serving_default without.' }),
  ),
  represents: Type.Optional(
    Type.Enum([...OUTPUT_KINDS], {
      description:
        'Recorded outputs: what the numbers are, where the name of the array does not say it.',
    }),
  ),
  dataset: Type.Optional(
    Type.String({ description: 'Recorded outputs: id of the dataset whose rows were answered.' }),
  ),
  testSet: Type.Optional(
    Type.String({ description: 'Recorded outputs: id of the dataset of the array `test`.' }),
  ),
})
type UploadQuery = Static<typeof UploadQuery>

const ARCHITECTURE: TSchema = Architecture

const settingsOf = (query: UploadQuery): UploadSettings => ({
  inputMean: numberList('inputMean', query.inputMean),
  inputStandardDeviation: numberList('inputStandardDeviation', query.inputStandardDeviation),
  classNames: query.classNames?.split(',').map((name) => name.trim()) ?? null,
  inputShape: numberList('inputShape', query.inputShape),
  classes: query.classes === undefined ? null : Number(query.classes),
  layout: query.layout ?? null,
  output: query.output ?? null,
  signature: query.signature ?? null,
  represents: query.represents ?? null,
  dataset: query.dataset ?? null,
  testSet: query.testSet ?? null,
})

const architectureProblem = (errors: readonly ErrorObject[]): Problem => {
  const issues = toIssues([...errors])
  return new Problem(
    'invalid-model',
    `the architecture: ${issues.map(({ pointer, message }) => `${pointer}: ${message}`).join('; ')}`,
    { issues },
  )
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

  function keep(request: FastifyRequest, files: UploadFiles, query: UploadQuery) {
    const validate = request.compileValidationSchema(ARCHITECTURE as Record<string, unknown>)
    return models.upload({
      name: query.name ?? 'teacher',
      files,
      settings: settingsOf(query),
      checkArchitecture: (json) => {
        if (validate(json)) return json as Architecture
        throw architectureProblem((validate.errors ?? []) as ErrorObject[])
      },
    })
  }

  async function uploadForm(request: FastifyRequest, query: UploadQuery) {
    const { values, files } = await readForm(request, UploadQuery)
    if (files.length === 0) throw new Problem('invalid-request', 'The form has no file.')
    return keep(request, new Map(files.map((file) => [file.filename, file.path])), {
      ...values,
      ...query,
    })
  }

  /** To disk first: a zip is read from its end, and what the file is decides how it is read. */
  async function uploadRaw(request: FastifyRequest, query: UploadQuery) {
    const file = path.join(tmpdir(), `distillery-${randomUUID()}`)
    try {
      await pipeline(
        Readable.from(rawBody(request, maxUploadBytes)),
        createWriteStream(file, { mode: 0o600 }),
      )
      return await keep(request, new Map([['body', file]]), query)
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
          'A TensorFlow.js layers model: a zip with model.json and its weight files, or the files as a form. A safetensors file with architecture.json beside it in a form (layers or a preset as in a job, or what model.to_json() of Keras gives), or alone when this service wrote it. An ONNX model as one file, or a zip of a TensorFlow SavedModel: both are checked here and run in a trainer. Outputs of any other model, recorded for the rows of a dataset: .npy or .npz with an array logits or probabilities, and test. A softmax at the end of a network is taken off, because teachers give logits.',
        consumes: [...RAW_TYPES, 'multipart/form-data'],
        querystring: UploadQuery,
        body: {
          content: {
            'application/zip': { schema: { type: 'string', format: 'binary' } },
            'application/octet-stream': { schema: { type: 'string', format: 'binary' } },
            'multipart/form-data': {
              schema: {
                type: 'object',
                description:
                  'One zip; `model.json` and the weight files it names; `weights.safetensors` and `architecture.json`; or `logits.npy` and `test.npy`.',
                additionalProperties: { type: 'string', format: 'binary' },
              },
            },
          },
        },
        response: {
          201: Type.Object({ model: Model, notes: Type.Array(Type.String()), id: Type.String() }),
          ...problems(
            'invalid-request',
            'dataset-not-found',
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
        querystring: FileQuery,
        response: {
          ...DOWNLOAD_RESPONSES,
          ...problems('model-not-found', 'never-ready', 'range-not-satisfiable'),
        },
      },
    },
    async ({ params, query, headers }, reply) => {
      const model = await models.get(params.id)
      return sendWeights(reply, {
        blobs,
        exports,
        model,
        format: query.format ?? ownFileOf(model.form),
        precision: query.precision,
        headers,
      })
    },
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
