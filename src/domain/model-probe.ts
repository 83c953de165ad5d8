/** Whether a model of another framework runs, found out before it is stored. */
import type { ForeignGraph, SavedModelPart } from './foreign-graph.ts'
import type { Tap } from './tap.ts'

/** A file that has been checked, and how it is read. */
export type ProbedModel = { readonly path: string; readonly graph: ForeignGraph } & (
  | { readonly kind: 'onnx' }
  | { readonly kind: 'saved-model'; readonly part: SavedModelPart }
)

export type ProbeOutcome =
  /** It answers; its taps have the shapes that were seen. */
  | { readonly kind: 'answers'; readonly taps: readonly Tap[] }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  /** It was not tried: the library is not installed beside this process. */
  | { readonly kind: 'not-tried' }

/** Runs a model on rows of zeros, where it may take a process down. */
export interface ModelProbe {
  probe(model: ProbedModel): Promise<ProbeOutcome>
}
