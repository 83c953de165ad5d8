/** What is measured over one epoch of training. */
import { needsLabels } from '../../src/domain/methods/job-methods.ts'
import type { ResolvedTerm } from '../../src/domain/objective.ts'
import type { EpochMetrics } from '../trainer-contract.ts'
import type { ProbeMeasurements } from './gradient-probe.ts'
import type { StepMeasurements } from './measurements.ts'

/** A step that was taken. */
export interface TakenStep extends StepMeasurements {
  /** Of the terms in this step. */
  readonly weights: readonly number[]
  readonly rows: number
  readonly labelledRows: number
}

/** Sums over the steps of one epoch, in float64. */
export class EpochSums {
  readonly #terms: {
    readonly method: ResolvedTerm['method']
    value: number
    weighted: number
    rows: number
  }[]
  readonly #probe: ProbeMeasurements
  #correct = 0
  #labelledRows = 0

  /** @param probe of its first batch */
  constructor(objective: readonly ResolvedTerm[], probe: ProbeMeasurements) {
    this.#terms = objective.map(({ method }) => ({ method, value: 0, weighted: 0, rows: 0 }))
    this.#probe = probe
  }

  add({ terms, weights, correct, rows, labelledRows }: TakenStep): void {
    for (const [index, term] of this.#terms.entries()) {
      // The mean of a term over an epoch runs over the rows that the term sees.
      const seen = needsLabels(term.method) ? labelledRows : rows
      const sum = (terms[index] as number) * seen
      term.value += sum
      term.weighted += (weights[index] as number) * sum
      term.rows += seen
    }
    this.#correct += correct
    this.#labelledRows += labelledRows
  }

  means(): Pick<EpochMetrics, 'loss' | 'terms' | 'trainAccuracy' | 'gradientNorm'> {
    const terms = this.#terms.map(({ value, weighted, rows }, index) => ({
      value: value / Math.max(1, rows),
      weighted: weighted / Math.max(1, rows),
      gradientNorm: this.#probe.gradientNorms[index] as number,
    }))
    return {
      loss: terms.reduce((sum, { weighted }) => sum + weighted, 0),
      terms,
      trainAccuracy: this.#labelledRows > 0 ? this.#correct / this.#labelledRows : null,
      gradientNorm: this.#probe.gradientNorm,
    }
  }
}
