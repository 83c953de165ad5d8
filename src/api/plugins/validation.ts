/**
 * How requests are checked. A body is taken as it is: Fastify's default would silently drop unknown fields and turn "7"
 * into 7. Query strings are text by nature and are converted.
 */
import { Ajv, type Options } from 'ajv'
import addFormats from 'ajv-formats'
import type { FastifySchema, FastifySchemaCompiler } from 'fastify'
import type { TSchema } from 'typebox'

const COMMON: Options = { allErrors: true, verbose: true, discriminator: true, strict: false }

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
