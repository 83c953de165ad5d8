/**
 * Knowledge review, ReviewKD (Chen et al. 2021), its hierarchical context loss: maps are compared as they are and
 * coarsened, so that a student that has the right content in a slightly wrong place is not punished for all of it. The
 * other half of the method, fusing each stage of the student with the deeper ones by attention, is a projector and
 * happens before.
 */
import { tf } from '../tensorflow.ts'
import { meanSquare } from './primitives/mean-square.ts'
import { poolTo, toSameSize } from './primitives/spatial.ts'
import { stopGradient } from './primitives/stop-gradient.ts'

export interface ReviewOptions {
  /** Heights, which are also widths, that maps are coarsened to; each counts half as much as the one before. */
  readonly levels: readonly number[]
}

/** One stage of both networks, with the same channels: `[batch, height, width, channels]`. */
export interface Stage {
  /** After fusion. */
  readonly student: tf.Tensor4D
  readonly teacher: tf.Tensor4D
}

function hierarchicalContext({ student, teacher }: Stage, levels: readonly number[]): tf.Tensor {
  const [ours, theirs] = toSameSize(student, stopGradient(teacher))
  let weight = 1
  let weights = 1
  let sum: tf.Tensor = meanSquare(ours, theirs)
  for (const level of levels) {
    if (level >= ours.shape[1]) continue
    weight /= 2
    weights += weight
    const coarse = meanSquare(poolTo(ours, level, level), poolTo(theirs, level, level))
    sum = tf.add(sum, tf.mul(coarse, weight))
  }
  return tf.mul(sum, 1 / weights)
}

/**
 * L = Σ_stages [mse(F_s, F_t) + Σ_n 2⁻ⁿ mse(pool_r F_s, pool_r F_t)] / Σ weights, over the levels r below the height of the
 * map, n = 1, 2, … counting those that are used.
 *
 * Errors of single positions average out in coarse maps, so what is left there is about content; halving the weights keeps
 * the finest map the most important. Dividing by the sum of the weights keeps stages with fewer levels comparable.
 *
 * Stages are summed, not averaged: more stages, larger loss. Defaults: levels 4, 2, 1 of the authors' code, where
 * the weight is 5 for ResNet 32×4 → 8×4 and grows over the first 20 epochs. One stage, no levels: `feature-hint.ts`.
 *
 * @param stages one or more; a larger map is average-pooled to the size of the smaller
 * @returns scalar ≥ 0, in squared units of the teacher's features; 0 where all stages agree
 * @see arXiv:2104.09044
 */
export const review = (stages: readonly Stage[], { levels }: ReviewOptions): tf.Scalar =>
  tf.tidy(() =>
    stages
      .map((stage) => hierarchicalContext(stage, levels))
      .reduce((sum, stage) => tf.add(sum, stage)),
  ) as tf.Scalar
