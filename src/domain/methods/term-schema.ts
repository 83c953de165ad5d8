/** JSON schema of a term, out of the card of its method. */
import { type TSchema, Type } from 'typebox'
import { strict } from '../schema.ts'
import { scheduledSchema, UntilEpoch } from '../term-schedule.ts'
import {
  cardOf,
  defaultWeight,
  type Method,
  readsFeatures,
  readsSeveralLayers,
} from './job-methods.ts'

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

/** More stages than networks have. */
const MOST_TAPS = 8

/** Which layers of the networks a term compares: one of each. */
const OneOfEach = Type.Object(
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

function severalOfEach(fewest: number, most: number, description: string): TSchema {
  const names = (role: string) =>
    Type.Optional(
      Type.Array(LayerName(`Name of a layer of the ${role}.`), {
        minItems: fewest,
        maxItems: most,
        description: `Names of layers of the ${role}, in the order of its layers.`,
      }),
    )
  return Type.Object(
    { student: names('student'), teacher: names('teacher') },
    { ...strict, description },
  )
}

function tapsSchema(method: Method): TSchema {
  if (!readsSeveralLayers(method)) return OneOfEach
  return cardOf(method).taps === 'two-maps'
    ? severalOfEach(
        2,
        2,
        'Two layers of each network, an earlier and a later one. Default: the last ones of the largest and of the smallest feature maps.',
      )
    : severalOfEach(
        1,
        MOST_TAPS,
        'As many layers of each network. Default: the last ones before the size of the feature maps changes, at most 4.',
      )
}

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
      ...(readsFeatures(method) ? { taps: Type.Optional(tapsSchema(method)) } : {}),
    },
    { ...strict, title: method },
  )
}
