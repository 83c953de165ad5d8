/** Request bodies that are files: the body itself, or the parts of a form. */
import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import multipart from '@fastify/multipart'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Problem } from '../domain/problems.ts'

export interface UploadedFile {
  readonly field: string
  readonly filename: string
  /** On disk; deleted when the response has been sent. */
  readonly path: string
}

export interface Form {
  readonly values: Readonly<Record<string, string>>
  readonly files: readonly UploadedFile[]
}

const MAX_FILES = 1000
const MAX_FIELD_BYTES = 100_000

export async function registerUploads(app: FastifyInstance, maxBytes: number): Promise<void> {
  await app.register(multipart, {
    limits: { fileSize: maxBytes, files: MAX_FILES, fieldSize: MAX_FIELD_BYTES, fields: 100 },
  })
}

const tooLarge = (maxBytes: number): Problem =>
  new Problem('body-too-large', `An upload may have ${maxBytes} bytes at most.`)

/** Accepts these types as a raw stream; the route reads it with {@link rawBody}. */
export function acceptRaw(app: FastifyInstance, types: readonly string[]): void {
  app.addContentTypeParser([...types], (_request, payload, done) => done(null, payload))
}

/** The raw body, refused as soon as it is known to be too large. */
export async function* rawBody(
  request: FastifyRequest,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes)
  let total = 0
  for await (const chunk of request.body as Readable) {
    total += (chunk as Uint8Array).length
    if (total > maxBytes) throw tooLarge(maxBytes)
    yield chunk as Uint8Array
  }
}

/** The parts of a form: text in memory, files on disk, so that their order does not matter. */
export async function readForm(request: FastifyRequest): Promise<Form> {
  const { files, values } = await request.saveRequestFiles()
  return {
    values: Object.fromEntries(
      Object.entries(values).flatMap(([name, part]) => {
        const first = [part].flat()[0] as { readonly value?: unknown } | undefined
        return typeof first?.value === 'string' ? [[name, first.value]] : []
      }),
    ),
    files: files.map(({ fieldname, filename, filepath }) => ({
      field: fieldname,
      filename,
      path: filepath,
    })),
  }
}

export const openFile = (file: UploadedFile): AsyncIterable<Uint8Array> =>
  createReadStream(file.path, { highWaterMark: 1 << 18 })

/** Several comma-separated numbers in one parameter. */
export function numberList(name: string, text: string | undefined): number[] | null {
  if (text === undefined) return null
  const numbers = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)))
  if (!numbers.every(Number.isFinite))
    throw new Problem(
      'invalid-request',
      `\`${name}\` must be numbers with commas between, not "${text}".`,
    )
  return numbers
}
