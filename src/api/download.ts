/**
 * Weights over HTTP: a strong ETag that is the SHA-256 of the file, conditional requests, one byte range, and
 * `Repr-Digest` (RFC 9530), so that a broken download can be resumed and proved.
 */
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import parseRange from 'range-parser'
import { Type } from 'typebox'
import { MODEL_FILES, type Model, type ModelFile, WEIGHT_FORMATS } from '../domain/model.ts'
import type { BlobStore } from '../domain/ports.ts'
import { Problem } from '../domain/problems.ts'

export const FormatQuery = Type.Object({
  format: Type.Enum([...WEIGHT_FORMATS], {
    default: 'safetensors',
    description: 'safetensors: PyTorch, NumPy, JAX. tfjs: a zip of a TensorFlow.js layers model.',
  }),
})

/** Of any model, whatever its form. */
export const FileQuery = Type.Object({
  format: Type.Optional(
    Type.Enum([...MODEL_FILES], {
      description:
        'safetensors and tfjs: networks only. outputs, test-outputs: .npy of float32 logits, of recorded outputs only. onnx, saved-model: as they were uploaded. Left out: the file that the model is computed from.',
    }),
  ),
})

const File = Type.Unsafe<unknown>({ type: 'string', format: 'binary' })
const content = {
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
  outputs: { suffix: 'npy', type: 'application/octet-stream' },
  'test-outputs': { suffix: 'test.npy', type: 'application/octet-stream' },
  onnx: { suffix: 'onnx', type: 'application/octet-stream' },
  'saved-model': { suffix: 'saved_model.zip', type: 'application/zip' },
}

interface Request {
  readonly blobs: BlobStore
  readonly model: Model
  readonly format: ModelFile
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

export function sendWeights(reply: FastifyReply, { blobs, model, format, headers }: Request) {
  const file = model.files[format]
  if (!file)
    throw new Problem(
      'never-ready',
      `Model ${model.id} is of form ${model.form.kind} and not kept as ${format}; ask for ${Object.keys(model.files).join(' or ')}.`,
    )
  const etag = `"${file.sha256}"`
  reply
    .header('etag', etag)
    .header('accept-ranges', 'bytes')
    .header('cache-control', 'private, max-age=31536000, immutable')
    .header('repr-digest', `sha-256=:${Buffer.from(file.sha256, 'hex').toString('base64')}:`)
    .header('x-content-type-options', 'nosniff')
    .header('content-disposition', `attachment; filename="${model.id}.${FILES[format].suffix}"`)
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
