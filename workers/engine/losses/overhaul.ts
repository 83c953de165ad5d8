/**
 * A comprehensive overhaul of feature distillation, OFD (Heo et al. 2019): responses before the ReLU, where a negative one
 * says "not here", and how negative it is says nothing. Successor of `activation-boundaries.ts`.
 */
import { tf } from '../tensorflow.ts'
import { indicator } from './primitives/indicator.ts'
import { type Reduction, reduce } from './primitives/reduction.ts'
import { toComparable } from './primitives/spatial.ts'
import { stopGradient } from './primitives/stop-gradient.ts'

export interface OverhaulOptions {
  readonly reduction: Reduction
}

/**
 * L = reduction of (s − w)², except 0 where s ≤ w ≤ 0, with w = max(t, m_k): the partial L2 distance.
 *
 * The margin m_k < 0 is the mean of the negative responses of channel k, and stands in for all of them. Where the teacher
 * is silent, w ≤ 0, a student that is at least as silent is left alone; one that is louder is pulled down. Positive
 * responses are matched in full. As a function of the student, loss and gradient are continuous.
 *
 * Authors' code: 0.001 times `batch-sum`, a projector of a 1 × 1 convolution and batch normalization for the student, and
 * for taps before earlier stages a smaller weight. Default `mean`, which does not depend on the size of the maps.
 *
 * @param student before its activation, `[batch, height, width, channels]` or `[batch, units]`, the teacher's width
 * @param teacher before its activation; a larger map is average-pooled to the size of the smaller
 * @param margin  `[channels]`, negative, from the teacher's batch normalization or its negative responses
 * @returns scalar ≥ 0; 0 for equal networks up to the margin
 * @see arXiv:1904.01866, section 3; `primitives/margins.ts` for the margin
 */
export const overhaul = (
  student: tf.Tensor,
  teacher: tf.Tensor,
  margin: tf.Tensor1D,
  { reduction }: OverhaulOptions,
): tf.Scalar =>
  tf.tidy(() => {
    const [ours, theirs] = toComparable(student, stopGradient(teacher))
    const wanted = tf.maximum(theirs, stopGradient(margin))
    const isPositive = tf.greater(wanted, 0)
    const counts = indicator(ours, (own) => tf.logicalOr(tf.greater(own, wanted), isPositive))
    return reduce(tf.mul(tf.squaredDifference(ours, wanted), counts), reduction)
  })
