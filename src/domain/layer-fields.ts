/** Fields that several layers have. */
import { Type } from 'typebox'

const Name = Type.Optional(
  Type.String({
    pattern: '^[A-Za-z][A-Za-z0-9_]{0,63}$',
    description: 'Unique in the network; made from the type and position when absent.',
  }),
)

const Inputs = Type.Optional(
  Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
    minItems: 1,
    maxItems: 64,
    description:
      'Names of earlier layers whose outputs the layer reads, or `input` for the rows themselves. Default: the layer before.',
  }),
)

/** What every layer has. */
export const layerFields = { name: Name, inputs: Inputs }

/** One number for both axes of an image, or `[height, width]`. */
export const Pair = (description: string, maximum = 1024) =>
  Type.Union(
    [
      Type.Integer({ minimum: 1, maximum }),
      Type.Array(Type.Integer({ minimum: 1, maximum }), { minItems: 2, maxItems: 2 }),
    ],
    { description },
  )

export const Padding = Type.Enum(['valid', 'same'], {
  default: 'valid',
  description: 'TensorFlow padding rule.',
})

export const UseBias = Type.Optional(Type.Boolean({ default: true }))

export const Filters = Type.Integer({ minimum: 1, maximum: 8192 })

export const DepthMultiplier = Type.Optional(
  Type.Integer({
    minimum: 1,
    maximum: 64,
    default: 1,
    description: 'Outputs of the depthwise part for each input channel.',
  }),
)
