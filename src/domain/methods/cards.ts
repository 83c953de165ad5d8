/** Every method whose loss is known, by id. What a job may name is `METHODS` of `objective.ts`. */
import type { Static, TSchema } from 'typebox'
import { CATEGORY_METHODS } from './category.ts'
import { FEATURE_METHODS } from './feature.ts'
import { KEY_POINT_METHODS } from './key-point.ts'
import { PROTOTYPICAL_METHODS } from './prototypical.ts'

export const METHOD_CARDS = {
  ...CATEGORY_METHODS,
  ...FEATURE_METHODS,
  ...KEY_POINT_METHODS,
  ...PROTOTYPICAL_METHODS,
} as const

export type MethodId = keyof typeof METHOD_CARDS

type Cards = typeof METHOD_CARDS
type ValueOf<Option> = Option extends TSchema ? Static<Option> : never

/** Values of all options of a method, as its loss takes them. */
export type OptionsOf<M extends MethodId> = {
  readonly [Name in keyof Cards[M]['options']]: ValueOf<Cards[M]['options'][Name]>
}
