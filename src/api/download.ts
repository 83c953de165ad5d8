/**
 * Weights over HTTP: a strong ETag that is the SHA-256 of the file, conditional requests, one byte range, and
 * `Repr-Digest` (RFC 9530), so that a broken download can be resumed and proved.
 */
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import parseRange from 'range-parser'
import { Type } from 'typebox'
import type { ExportService } from '../application/export-service.ts'
import {
  MODEL_FILES,
  type Model,
  type ModelFile,
  PRECISIONS,
  type Precision,
  WEIGHT_FORMATS,
} from '../domain/model.ts'
import type { BlobStore } from '../domain/ports.ts'
import { Problem } from '../domain/problems.ts'

const precision = Type.Enum([...PRECISIONS], {
  default: 'float32',
  description:
    'float16: kernels and embeddings as half-precision numbers, half the size; computed in float32.',
})

export const FormatQuery = Type.Object({
  format: Type.Enum([...WEIGHT_FORMATS, 'manifest'], {
    default: 'safetensors',
    description:
      'safetensors: PyTorch, NumPy, JAX. tfjs: a zip of a TensorFlow.js layers model. onnx: onnxruntime and others, opset 17. savedmodel: a zip of a TensorFlow SavedModel with the signature `serving_default`. manifest: JSON about the model. Formats that training did not leave are made when they are first asked for.',
  }),
  precision,
})

/** Of any model, whatever its form. */
export const FileQuery = Type.Object({
  format: Type.Optional(
    Type.Enum([...MODEL_FILES, 'manifest'], {
      description:
        'safetensors, tfjs, onnx, savedmodel: as of a student, of any network; models that were uploaded as ONNX or SavedModel come back as they were. outputs, test-outputs: .npy of float32 logits, of recorded outputs only. Left out: the file that the model is computed from.',
    }),
  ),
  precision,
})

const File = Type.Unsafe<unknown>({ type: 'string', format: 'binary' })
const Manifest = Type.Record(Type.String(), Type.Unknown(), {
  description:
    'With `format=manifest`: SHA-256 of the safetensors file, seed, dataset hash, training, versions, network, normalization, class names, the job with its resolved spec, and the metrics of its report (null until there is one).',
})
const content = {
  'application/json': { schema: Manifest },
  'application/octet-stream': { schema: File },
  'application/zip': { schema: File },
}
export const DOWNLOAD_RESPONSES = {
  200: { description: 'The file.', content },
  206: { description: 'The part that was asked for.', content },
  304: Type.Null({ description: 'You have it already.' }),
}

const FILES: Record<ModelFile, { suffix: string; type: string }> = {
  safetensors: { suffix: 'safetensors', type: 'application/octet-stream' },
  tfjs: { suffix: 'tfjs.zip', type: 'application/zip' },
  onnx: { suffix: 'onnx', type: 'application/octet-stream' },
  savedmodel: { suffix: 'savedmodel.zip', type: 'application/zip' },
  outputs: { suffix: 'npy', type: 'application/octet-stream' },
  'test-outputs': { suffix: 'test.npy', type: 'application/octet-stream' },
}

interface Request {
  readonly blobs: BlobStore
  readonly exports: ExportService
  readonly model: Model
  readonly format: ModelFile | 'manifest'
  readonly precision: Precision
  readonly headers: {
    readonly range?: string | undefined
    readonly 'if-none-match'?: string | undefined
    readonly 'if-range'?: string | undefined
  }
}

/** The one range that was asked for; null: the whole. Several ranges get the whole, which RFC 9110 permits. */
function rangeOf(
  headers: Request['headers'],
  etag: string,
  sizeBytes: number,
): { start: number; end: number } | null {
  if (headers.range === undefined) return null
  if (headers['if-range'] !== undefined && headers['if-range'] !== etag) return null
  const ranges = parseRange(sizeBytes, headers.range)
  if (ranges === -1)
    throw new Problem('range-not-satisfiable', `The file has ${sizeBytes} bytes.`, {
      headers: { 'content-range': `bytes */${sizeBytes}` },
    })
  const [range] = ranges === -2 ? [] : ranges
  if (!range || ranges === -2 || ranges.type !== 'bytes' || ranges.length !== 1) return null
  return { start: range.start, end: range.end + 1 }
}

export async function sendWeights(reply: FastifyReply, request: Request) {
  const { blobs, exports, model, format, precision, headers } = request
  if (format === 'manifest')
    return reply.header('cache-control', 'no-cache').send(await exports.manifest(model))
  const file = await exports.file(model, format, precision)
  const suffix = `${precision === 'float32' ? '' : `${precision}.`}${FILES[format].suffix}`
  const etag = `"${file.sha256}"`
  reply
    .header('etag', etag)
    .header('accept-ranges', 'bytes')
    .header('cache-control', 'private, max-age=31536000, immutable')
    .header('repr-digest', `sha-256=:${Buffer.from(file.sha256, 'hex').toString('base64')}:`)
    .header('x-content-type-options', 'nosniff')
    .header('content-disposition', `attachment; filename="${model.id}.${suffix}"`)
  const known = headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  if (known && (known.includes(etag) || known.includes('*'))) return reply.code(304).send()

  const range = rangeOf(headers, etag, file.sizeBytes)
  const { start, end } = range ?? { start: 0, end: file.sizeBytes }
  if (range) reply.code(206).header('content-range', `bytes ${start}-${end - 1}/${file.sizeBytes}`)
  return reply
    .type(FILES[format].type)
    .header('content-length', end - start)
    .send(Readable.from(blobs.read(file.sha256, { start, end }), { highWaterMark: 2 }))
}
