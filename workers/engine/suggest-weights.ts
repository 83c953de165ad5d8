/**
 * Factors that make the weights of terms comparable. Losses differ in scale by thousands, so a weight says little about
 * how strongly a term pulls. Here each term's gradient is measured on the first batches, before the first step, and
 * brought to the length of one term's: weights are then shares of the pull at the beginning of the training.
 */
import { cardOf } from '../../src/domain/methods/job-methods.ts'
import type { ResolvedTerm } from '../../src/domain/objective.ts'
import { isWithoutWeight, scaled } from '../../src/domain/term-schedule.ts'
import type { SuggestedWeight } from '../trainer-contract.ts'
import { batchesOf, batchStream } from './batch-order.ts'
import { eagerRunner } from './eager-runner.ts'
import { probeMeasurementsOf } from './gradient-probe.ts'
import { createOptimizer } from './optimizers.ts'
import { scheduledCount, scheduledNumbers } from './scheduled-terms.ts'
import type { TrainingInput } from './training-input.ts'

/** Mean over batches of the gradient norm of each term with a weight of 1, at the initial weights. */
function unweightedNorms(input: TrainingInput, steps: number): number[] {
  const { rows, training, seeds, partOf } = input
  const objective = input.objective.map(({ untilEpoch: _, ...term }) => ({ ...term, weight: 1 }))
  const epochsBefore = partOf?.epochsBefore ?? 0
  const stepsPerEpoch = Math.ceil(rows.length / training.batchSize)
  const sums = objective.map(() => 0)
  let taken = 0
  // Nothing is trained by it, so how its steps would be carried out does not matter.
  using runner = eagerRunner({ ...input, objective }, createOptimizer(training.optimizer))
  const random = batchStream(seeds.batches, rows, epochsBefore)
  for (const batch of batchesOf(rows, training.batchSize, random)) {
    if (taken === steps) break
    const scheduled =
      scheduledCount(objective) > 0 ? scheduledNumbers(objective, taken / stepsPerEpoch) : null
    const row = runner.probe({
      rows: batch,
      step: epochsBefore * stepsPerEpoch + ++taken,
      rates: [],
      ...(scheduled ? { scheduled } : {}),
    })
    const { gradientNorms } = probeMeasurementsOf(row, objective.length)
    for (const [index, norm] of gradientNorms.entries()) sums[index] = (sums[index] ?? 0) + norm
  }
  return sums.map((sum) => sum / taken)
}

/** By whose gradient the others are measured: that of the labels, else of the first term on logits, else of the first. */
function referenceOf(objective: readonly ResolvedTerm[], isUsable: (index: number) => boolean) {
  const find = (is: (term: ResolvedTerm) => boolean): number =>
    objective.findIndex((term, index) => isUsable(index) && is(term))
  const labels = find(({ method }) => method === 'hard-labels')
  if (labels >= 0) return labels
  const logits = find(({ method }) => cardOf(method).taps === 'logits')
  return logits >= 0 ? logits : find(() => true)
}

/**
 * factor_i = mean ‖∇L_r‖ / mean ‖∇L_i‖, r the reference term: the gradients of the weighted terms are then to each other
 * as the given weights are. A term without a weight or a gradient keeps the factor 1.
 * @param steps batches of the first epoch to measure; all where it has fewer
 * @returns in the order of the objective
 */
export function suggestWeights(input: TrainingInput, steps: number): SuggestedWeight[] {
  const { objective } = input
  const norms = unweightedNorms(input, steps)
  const isUsable = (index: number): boolean => {
    const norm = norms[index] as number
    return norm > 0 && norm < Infinity && !isWithoutWeight(objective[index] as ResolvedTerm)
  }
  const reference = norms[referenceOf(objective, isUsable)]
  return objective.map(({ method, weight }, index) => {
    const gradientNorm = norms[index] as number
    const factor = reference !== undefined && isUsable(index) ? reference / gradientNorm : 1
    return { method, gradientNorm, factor, weight: scaled(weight, factor) }
  })
}

export const withSuggested = (
  objective: readonly ResolvedTerm[],
  suggested: readonly SuggestedWeight[],
): ResolvedTerm[] =>
  objective.map((term, index) => ({ ...term, weight: suggested[index]?.weight ?? term.weight }))
