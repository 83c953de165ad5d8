/**
 * How requests are checked. A body is taken as it is: Fastify's default would silently drop unknown fields and turn "7"
 * into 7. Query strings are text by nature and are converted.
 */
import { Ajv, type Options } from 'ajv'
import addFormats from 'ajv-formats'
import type { FastifySchema, FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'

const COMMON: Options = {
  allErrors: true,
  verbose: true,
  discriminator: true,
  strict: false,
  // The schema of a job is large. Compiled with references as functions, and without optimizing code that runs once a
  // submission, it takes 40 MB and 0.2 s rather than 97 MB and 1.4 s.
  inlineRefs: false,
  code: { optimize: false },
}

/** @param shared schemas that routes refer to by `$id` */
export function createValidatorCompiler(
  shared: readonly TSchema[],
): FastifySchemaCompiler<FastifySchema> {
  const make = (options: Options): Ajv => {
    const ajv = new Ajv({ ...COMMON, ...options })
    addFormats.default(ajv)
    for (const schema of shared) ajv.addSchema(schema)
    return ajv
  }
  const body = make({})
  const text = make({ coerceTypes: 'array', useDefaults: true })
  return ({ schema, httpPart }) =>
    (httpPart === 'body' ? body : text).compile(schema as Record<string, unknown>)
}
