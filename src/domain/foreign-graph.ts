/** A model of another framework, kept as it came and run by that framework's own library in a trainer. */
import type { Shape } from './network.ts'

/** A tensor inside the graph that can be read while it runs. */
export interface Tap {
  readonly name: string
  /** Of one row, without the batch axis; null on an axis, or as a whole, where it is not known. */
  readonly shape: readonly (number | null)[] | null
}

/** Where the channels of an image stand in what the graph takes; datasets have them last. */
export const INPUT_LAYOUTS = ['channels-last', 'channels-first'] as const
export type InputLayout = (typeof INPUT_LAYOUTS)[number]

export interface ForeignInput {
  /** As the library knows the tensor. */
  readonly name: string
  /** Of one row as the graph takes it; the same numbers as in the dataset's row, channels moved where `layout` says so. */
  readonly shape: Shape
  readonly layout: InputLayout
  /** Rows that it takes at once, where that is fixed. */
  readonly batchRows: number | null
}

export interface ForeignGraph {
  /** Of a row of the dataset: `[features]` or `[height, width, channels]`. */
  readonly inputShape: Shape
  readonly classes: number
  readonly input: ForeignInput
  /** The tensor `[batch, classes]` with the logits, as the library knows it. */
  readonly output: string
  readonly taps: readonly Tap[]
  /** Numbers in floating-point weights. */
  readonly parameters: number
}
