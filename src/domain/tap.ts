/** A value inside a model that can be read by name. */
export interface Tap {
  readonly name: string
  /** Of one row, without the batch axis; null on an axis, or as a whole, where the model does not tell. */
  readonly shape: readonly (number | null)[] | null
}
