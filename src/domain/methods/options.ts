/** Options that several methods have. */
import { Type } from 'typebox'

export const temperature = (value: number, description: string) =>
  Type.Number({ minimum: 0.01, maximum: 1000, default: value, description })

/** Of a part of a loss, against its other parts. */
export const partWeight = (value: number, description: string) =>
  Type.Number({ minimum: 0, maximum: 1e6, default: value, description })

/** A number that keeps divisions and logarithms finite; only for those who compare with other code. */
export const epsilon = (value: number, description: string) =>
  Type.Number({ exclusiveMinimum: 0, maximum: 0.01, default: value, description })

export const choice = <const Choices extends readonly [string, string, ...string[]]>(
  choices: Choices,
  value: Choices[number],
  description: string,
) => Type.Unsafe<Choices[number]>(Type.Enum([...choices], { default: value, description }))

export const reduction = () =>
  choice(
    ['mean', 'batch-sum'],
    'mean',
    'Mean over all entries, or sum over the entries of a row and mean over rows.',
  )
