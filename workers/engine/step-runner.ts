/** How steps of a training are carried out: eagerly, or as a graph. */
import type { NamedArray } from './weights.ts'

export interface StepInput {
  /** Rows of the dataset. */
  readonly rows: Uint32Array
  /** From 1, over the whole training. */
  readonly step: number
  readonly rates: readonly number[]
  /** Weights and temperatures that change, see `scheduled-terms.ts`; absent where none does. */
  readonly scheduled?: readonly number[]
}

export interface StepRunner extends Disposable {
  readonly mode: 'graph' | 'eager'
  /** Of a graph: who turned it into what the processor runs. */
  readonly compiler: 'xla' | 'tensorflow' | null
  /** What a call needs for each of its steps, in bytes. */
  readonly bytesPerStep: number
  /** How many steps a call should have; null: as many as time allows. */
  readonly stepsPerCall: number | null
  /** Steps of the call after the one that is made next: they may be got ready while that one runs. Changes no result. */
  prepare(steps: readonly StepInput[]): void
  /**
   * Runs steps in order.
   * @param steps at least one; all with the same number of rows
   * @returns `[steps, measurements]`, read by `measurementsOf`
   */
  run(steps: readonly StepInput[]): Float32Array
  /**
   * Measures the gradients of the terms on the batch of a step, at the weights of now, which stay as they are.
   * @param step its rows as many as those of the first step of an epoch
   * @returns read by `probeMeasurementsOf`
   */
  probe(step: StepInput): Float32Array
  /** The weights after the last step, in network order. */
  weights(): NamedArray[]
}
