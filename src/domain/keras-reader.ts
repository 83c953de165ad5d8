/** What the rules of a job need of whoever reads Keras documents. */
import type { Network, Shape } from './network.ts'
import type { SpecIssue } from './spec-issue.ts'

export type KerasReading =
  | {
      readonly network: Network
      readonly notes: readonly string[]
      /** Place in the document of the layer that gives the output. */
      readonly outputPointer: string
    }
  /** Pointers into the document. */
  | { readonly issues: readonly SpecIssue[] }

/**
 * Reads what `model.to_json()` gives.
 * @param document parsed, or as text
 * @param rows     shape of the rows that the network will be trained on
 */
export type KerasReader = (document: unknown, rows: Shape) => KerasReading
