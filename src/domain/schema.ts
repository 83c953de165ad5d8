/** TypeBox shapes that the library does not have, in a form that Ajv and OpenAPI 3.1 both understand. */
import { type Static, type TSchema, Type } from 'typebox'

/**
 * One of several objects, told apart by the literal in `property`.
 * Ajv then checks the one branch that is meant, so its message is about the client's mistake and not about every branch.
 */
export const discriminated = <const Branches extends readonly TSchema[]>(
  property: string,
  branches: Branches,
) =>
  Type.Unsafe<Static<Branches[number]>>({
    type: 'object',
    oneOf: branches,
    discriminator: { propertyName: property },
    required: [property],
  })

/**
 * Another shared schema by its `$id`, so that documents hold it once.
 *
 * @throws TypeError when it has none
 */
export function reference<Schema extends TSchema>(schema: Schema) {
  if (!('$id' in schema)) throw new TypeError('only a schema with an $id can be referred to')
  return Type.Unsafe<Static<Schema>>({ $ref: `${schema.$id}#` })
}

/** An object in which exactly one of the (optional) properties must be given. */
export const exactlyOne = {
  minProperties: 1,
  maxProperties: 1,
  additionalProperties: false,
} as const

/** An object that refuses properties it does not know, so that a misspelt field is an error and not a silence. */
export const strict = { additionalProperties: false } as const
