/** Layers that make of the rows of a dataset what the layers after them need. */
import { Type } from 'typebox'
import { layerFields } from './layer-fields.ts'
import { strict } from './schema.ts'

export const MAX_TOKENS = 1_000_000
export const MAX_EMBEDDING = 8192

export const Reshape = Type.Object(
  {
    type: Type.Literal('reshape'),
    ...layerFields,
    targetShape: Type.Array(
      Type.Union([Type.Integer({ minimum: 1, maximum: 50_000_000 }), Type.Literal(-1)]),
      {
        minItems: 1,
        maxItems: 3,
        description:
          'Without the batch axis: `[features]`, `[length, channels]` or `[height, width, channels]`. One side may be -1: what is left.',
      },
    ),
  },
  {
    ...strict,
    title: 'reshape',
    description: 'The same numbers in another shape, row-major: the last axis varies fastest.',
  },
)
export const Rescaling = Type.Object(
  {
    type: Type.Literal('rescaling'),
    ...layerFields,
    scale: Type.Number({ minimum: -1e9, maximum: 1e9 }),
    offset: Type.Optional(Type.Number({ minimum: -1e9, maximum: 1e9, default: 0 })),
  },
  { ...strict, title: 'rescaling', description: '`x * scale + offset`.' },
)
export const Embedding = Type.Object(
  {
    type: Type.Literal('embedding'),
    ...layerFields,
    inputDim: Type.Integer({
      minimum: 1,
      maximum: MAX_TOKENS,
      description: 'Number of tokens; ids go from 0 to `inputDim - 1`.',
    }),
    outputDim: Type.Integer({
      minimum: 1,
      maximum: MAX_EMBEDDING,
      description: 'Channels that a token becomes.',
    }),
  },
  {
    ...strict,
    title: 'embedding',
    description:
      'Reads rows of token ids `[length]`, whole numbers, and gives `[length, outputDim]`: a row of its table for each. It must read the rows themselves, directly or through flatten or reshape; they are then not normalized.',
  },
)
