/** What is measured over one epoch of training. */
import { METHODS, type ResolvedTerm } from '../../src/domain/objective.ts'
import type { EpochMetrics } from '../trainer-contract.ts'
import { InputError } from './input-error.ts'

/** A step that was taken. */
export interface TakenStep {
  /** From 1, over the whole training. */
  readonly step: number
  readonly rows: number
  readonly labelledRows: number
}

/** Sums over the steps of one epoch, in float64. */
export class EpochSums {
  readonly #epoch: number
  readonly #objective: readonly ResolvedTerm[]
  readonly #termSums: Float64Array
  readonly #termRows: Float64Array
  #correct = 0
  #labelledRows = 0

  /** @param epoch from 1 */
  constructor(objective: readonly ResolvedTerm[], epoch: number) {
    this.#epoch = epoch
    this.#objective = objective
    this.#termSums = new Float64Array(objective.length)
    this.#termRows = new Float64Array(objective.length)
  }

  /**
   * @param measurements `[steps, terms + 1]`
   * @throws InputError `non-finite-loss` when a term is not a number
   */
  add(steps: readonly TakenStep[], measurements: Float32Array): void {
    const width = this.#objective.length + 1
    for (const [index, { step, rows, labelledRows }] of steps.entries()) {
      for (const [term, { method }] of this.#objective.entries()) {
        const value = measurements[index * width + term] as number
        if (!Number.isFinite(value))
          throw new InputError(
            'non-finite-loss',
            `the ${method} loss became ${value} in epoch ${this.#epoch}, step ${step}: lower the learning rate, or normalize the inputs`,
          )
        // The mean of a term over an epoch runs over the rows that the term sees.
        const seen = METHODS[method].needsLabels ? labelledRows : rows
        this.#termSums[term] = (this.#termSums[term] as number) + value * seen
        this.#termRows[term] = (this.#termRows[term] as number) + seen
      }
      this.#correct += measurements[index * width + width - 1] as number
      this.#labelledRows += labelledRows
    }
  }

  means(): Pick<EpochMetrics, 'loss' | 'terms' | 'trainAccuracy'> {
    const terms = this.#objective.map(
      (_, term) => (this.#termSums[term] ?? 0) / Math.max(1, this.#termRows[term] ?? 0),
    )
    return {
      loss: this.#objective.reduce((sum, { weight }, term) => sum + weight * (terms[term] ?? 0), 0),
      terms,
      trainAccuracy: this.#labelledRows > 0 ? this.#correct / this.#labelledRows : null,
    }
  }
}
