/** JSON schema of a term, out of the card of its method. */
import { type TSchema, Type } from 'typebox'
import { strict } from '../schema.ts'
import { scheduledSchema, UntilEpoch } from '../term-schedule.ts'
import { cardOf, defaultWeight, type Method, readsFeatures } from './job-methods.ts'

const weight = (method: Method) =>
  Type.Optional(
    scheduledSchema(
      Type.Number({
        minimum: 0,
        maximum: 1e6,
        default: defaultWeight(method),
        description: 'Factor of the term in the sum.',
      }),
    ),
  )

const LayerName = (description: string) =>
  Type.String({ minLength: 1, maxLength: 200, description })

/** Which layers of the networks a term compares. */
export const TapsSpec = Type.Object(
  {
    student: Type.Optional(LayerName('Name of a layer of the student.')),
    teacher: Type.Optional(LayerName('Name of a layer of the teacher.')),
  },
  {
    ...strict,
    description:
      'Layers whose outputs are compared. Default: the last feature map, or the features that the last layer reads.',
  },
)

export function termSchema(method: Method): TSchema {
  const options: Record<string, TSchema> = {}
  for (const [name, schema] of Object.entries(cardOf(method).options))
    options[name] = Type.Optional(name === 'temperature' ? scheduledSchema(schema) : schema)
  return Type.Object(
    {
      method: Type.Literal(method),
      weight: weight(method),
      untilEpoch: Type.Optional({
        ...UntilEpoch,
        description: 'The weight is 0 after so many epochs of the training, or of the stage.',
      }),
      ...options,
      ...(readsFeatures(method) ? { taps: Type.Optional(TapsSpec) } : {}),
    },
    { ...strict, title: method },
  )
}
