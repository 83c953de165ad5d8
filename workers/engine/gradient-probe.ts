/**
 * How strongly each term of an objective pulls at the weights. Measured on one batch and beside the training, which it
 * leaves as it is: the norm of a gradient says which weights of terms are comparable, and is too dear for every step.
 */
import type { Network } from '../../src/domain/network.ts'
import type { ResolvedTerm } from '../../src/domain/objective.ts'
import { apply } from './forward.ts'
import { headFrom } from './losses/term-weights.ts'
import { termLoss } from './losses/terms.ts'
import { halfSquares } from './native-ops.ts'
import { liveTerms } from './scheduled-terms.ts'
import { tf } from './tensorflow.ts'
import { type Batch, plainView, type ViewOf } from './training-step.ts'
import { type Weights, weightNames } from './weights.ts'

/** Numbers of a probe: for each term its unweighted value, then for each term and for all together half of ‖g‖². */
export const probeCount = (terms: number): number => 2 * terms + 1

export interface ProbeMeasurements {
  /** Unweighted values of the terms. */
  readonly values: readonly number[]
  /** Euclidean norm of the gradient of each weighted term, over all trainable weights together. */
  readonly gradientNorms: readonly number[]
  /** The same of their sum, before clipping and weight decay. */
  readonly gradientNorm: number
}

/** @param row `[probeCount(terms)]` */
export function probeMeasurementsOf(row: Float32Array, terms: number): ProbeMeasurements {
  const norms = [...row.subarray(terms)].map((halfSquared) => Math.sqrt(2 * halfSquared))
  return {
    values: [...row.subarray(0, terms)],
    gradientNorms: norms.slice(0, terms),
    gradientNorm: norms[terms] as number,
  }
}

/** Gives `[probeCount(terms)]`; disposes none of its inputs. */
export type Probe = (weights: Weights, batch: Batch) => tf.Tensor1D

/**
 * Builds the probe of an objective: one forward and one backward pass for each term, in training mode as a step makes
 * them. Moving averages are not moved.
 * @param projectors names of trained weights beside the network's
 */
export function createProbe(
  network: Network,
  objective: readonly ResolvedTerm[],
  viewOfBatch: ViewOf = plainView,
  projectors: readonly string[] = [],
): Probe {
  const trainable = [...weightNames(network).trainable, ...projectors]

  return (given, batch) =>
    tf.tidy(() => {
      const variables = trainable.map((name) => given[name] as tf.Tensor)
      const view = viewOfBatch(batch)
      const mode = { training: true, dropoutSeed: batch.dropoutSeed } as const
      const values: tf.Tensor[] = []
      const live = liveTerms(objective, batch.scheduled)
      const gradients = live.map((term, index) => {
        const weighted = (): tf.Scalar => {
          const forward = apply(network, given, view.inputs, mode)
          const { constants = {} } = batch
          const remembered: Record<string, tf.Tensor> = {}
          const student = {
            ...forward,
            head: headFrom(network, given),
            weights: given,
            constants,
            seed: batch.dropoutSeed,
            positions: batch.positions,
            remembered,
          }
          const value = termLoss(term, index, student, view.targets)
          values.push(tf.keep(value))
          // Like moving averages, what terms remember stays as it was.
          tf.dispose(remembered)
          return tf.mul(value, term.weight)
        }
        return tf.engine().gradients(weighted, variables, undefined, true).grads
      })
      const halfSquared = (of: readonly (tf.Tensor | null | undefined)[]): tf.Tensor => {
        const reached = of.flatMap((gradient) => (gradient ? [halfSquares(gradient)] : []))
        return reached.length > 0 ? tf.addN(reached) : tf.scalar(0)
      }
      const sums = variables.map((_, index) => {
        const reached = gradients.flatMap((grads) => grads[index] ?? [])
        return reached.length > 0 ? tf.addN(reached) : null
      })
      const row = tf.stack([...values, ...gradients.map(halfSquared), halfSquared(sums)])
      for (const value of values) value.dispose()
      return row as tf.Tensor1D
    })
}
