/** What is measured over one epoch of training. */
import { needsLabels } from '../../src/domain/methods/job-methods.ts'
import type { ResolvedTerm } from '../../src/domain/objective.ts'
import type { EpochMetrics } from '../trainer-contract.ts'
import type { StepMeasurements } from './measurements.ts'

/** A step that was taken. */
export interface TakenStep extends StepMeasurements {
  readonly rows: number
  readonly labelledRows: number
}

/** Sums over the steps of one epoch, in float64. */
export class EpochSums {
  readonly #objective: readonly ResolvedTerm[]
  readonly #termSums: Float64Array
  readonly #termRows: Float64Array
  #correct = 0
  #labelledRows = 0
  #gradientNorms = 0
  #steps = 0

  constructor(objective: readonly ResolvedTerm[]) {
    this.#objective = objective
    this.#termSums = new Float64Array(objective.length)
    this.#termRows = new Float64Array(objective.length)
  }

  add({ terms, correct, gradientNorm, rows, labelledRows }: TakenStep): void {
    for (const [term, { method }] of this.#objective.entries()) {
      // The mean of a term over an epoch runs over the rows that the term sees.
      const seen = needsLabels(method) ? labelledRows : rows
      this.#termSums[term] = (this.#termSums[term] as number) + (terms[term] as number) * seen
      this.#termRows[term] = (this.#termRows[term] as number) + seen
    }
    this.#correct += correct
    this.#labelledRows += labelledRows
    this.#gradientNorms += gradientNorm
    this.#steps++
  }

  means(): Pick<EpochMetrics, 'loss' | 'terms' | 'trainAccuracy' | 'gradientNorm'> {
    const terms = this.#objective.map(
      (_, term) => (this.#termSums[term] ?? 0) / Math.max(1, this.#termRows[term] ?? 0),
    )
    return {
      loss: this.#objective.reduce((sum, { weight }, term) => sum + weight * (terms[term] ?? 0), 0),
      terms,
      trainAccuracy: this.#labelledRows > 0 ? this.#correct / this.#labelledRows : null,
      gradientNorm: this.#gradientNorms / Math.max(1, this.#steps),
    }
  }
}
