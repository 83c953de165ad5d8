/** A model of another framework, kept as it came and run by that framework's own library in a trainer. */
import type { Shape } from './network.ts'
import type { Tap } from './tap.ts'

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

/** Which part of a SavedModel is meant, as it was decided when it was uploaded. */
export interface SavedModelPart {
  readonly signature: string
  /** Key of the output in the signature. */
  readonly output: string
  readonly layout: InputLayout
}
