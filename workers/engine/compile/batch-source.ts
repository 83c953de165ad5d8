/** Where a compiled step takes its batches from. */
import type { StepInput } from '../step-runner.ts'
import type { Graph } from './graph.ts'
import type { Loop } from './loop.ts'
import type { Feed } from './session.ts'
import type { Variable } from './variables.ts'

/** Nodes inside a loop. */
interface BatchNodes {
  /** `[batch, ...input shape]` float32, normalized. */
  readonly inputs: string
  /** `[batch]` int32. */
  readonly labels: string
  /** `[batch, classes]`. */
  readonly teacherLogits: string | null
  /** `[batch]` int32, among the training rows; null where no step has to know. */
  readonly positions: string | null
}

export interface BatchSource {
  /** With the values that they start with and keep. */
  readonly variables: readonly (Variable & Pick<Feed, 'values'>)[]
  /** Bytes that each step of a call brings. */
  readonly bytesPerStep: number
  /**
   * Adds what makes the batch of an iteration.
   * @param axis  scalar 0 inside the loop
   */
  add(graph: Graph, loop: Loop, name: string, axis: string, batchSize: number): BatchNodes
  /** Steps that the next call will have: what can be got ready while another one runs. */
  prepare(steps: readonly StepInput[]): void
  /** What a call of the program `name` is given. */
  feeds(name: string, steps: readonly StepInput[]): Feed[]
  /** Ends what `prepare` needed. */
  close(): void
}
