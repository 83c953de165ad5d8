/** Fields that several layers have. */
import { Type } from 'typebox'

export const Name = Type.Optional(
  Type.String({
    pattern: '^[A-Za-z][A-Za-z0-9_]{0,63}$',
    description: 'Unique in the network; made from the type and position when absent.',
  }),
)

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
