/** Request bodies that are files: the body itself, or the parts of a form. */
import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import multipart from '@fastify/multipart'
import type { ErrorObject } from 'ajv'
import type { FastifyInstance, FastifyRequest, FastifySchema, FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'
import { Problem } from '../domain/problems.ts'
import { requireStorableText } from './plugins/storable-text.ts'
import { toIssues } from './validation-issues.ts'

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

/**
 * Lets the routes of this plugin take forms and, as a raw stream that they read with {@link rawBody}, bodies of these
 * types; JSON is refused there, as forms are everywhere else.
 */
export async function acceptUploads(
  app: FastifyInstance,
  types: readonly string[],
  maxBytes: number,
): Promise<void> {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser([...types], (_request, payload, done) => done(null, payload))
  await app.register(multipart, {
    limits: { fileSize: maxBytes, files: MAX_FILES, fieldSize: MAX_FIELD_BYTES, fields: 100 },
  })
}

/**
 * For routes whose body is such a stream: there is nothing that a schema could check before it is read. All other parts of
 * the request are checked as ever.
 */
export const exceptBody =
  (app: FastifyInstance): FastifySchemaCompiler<FastifySchema> =>
  (route) => {
    if (route.httpPart === 'body') return () => true
    if (!app.validatorCompiler) throw new Error('the app has no validator compiler')
    return app.validatorCompiler(route)
  }

const tooLarge = (maxBytes: number): Problem =>
  new Problem('body-too-large', `An upload may have ${maxBytes} bytes at most.`)

/** The raw body, refused as soon as it is known to be too large. */
export async function* rawBody(
  request: FastifyRequest,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes)
  let total = 0
  // Destroying the request, as leaving such a loop does by default, would take the connection of the answer with it.
  const chunks = (request.body as Readable).iterator({ destroyOnReturn: false })
  for await (const chunk of chunks) {
    total += (chunk as Uint8Array).length
    if (total > maxBytes) throw tooLarge(maxBytes)
    yield chunk as Uint8Array
  }
}

/**
 * The parts of a form: text in memory, files on disk, so that their order does not matter.
 * @param fields schema of the text parts, which may stand in the query string as well
 */
export async function readForm(request: FastifyRequest, fields: TSchema): Promise<Form> {
  const { files, values } = await request.saveRequestFiles().catch((error: unknown) => {
    // The parser of forms gives its errors no code; those of the disk and of Fastify have one.
    if (!(error instanceof Error) || 'code' in error) throw error
    throw new Problem('malformed-body', `The form cannot be read: ${error.message}.`)
  })
  const form = {
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
  const validate = request.compileValidationSchema(fields as Record<string, unknown>)
  if (!validate(form.values)) {
    const issues = toIssues((validate.errors ?? []) as ErrorObject[])
    throw new Problem(
      'invalid-request',
      `form: ${issues.map(({ pointer, message }) => `${pointer}: ${message}`).join('; ')}`,
      { issues },
    )
  }
  requireStorableText('form', [form.values, files.map((file) => file.filename)])
  return form
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
