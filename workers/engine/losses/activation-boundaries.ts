/**
 * Activation boundaries, AB (Heo et al. 2019): which neurons are on is more than how strongly, since it decides what
 * the next layers see. A hinge loss between the signs, to be used on responses before a ReLU. `overhaul.ts` by the same
 * authors also wants the strength of the positive ones.
 */
import { relu } from '../native-ops.ts'
import { tf } from '../tensorflow.ts'
import { type Reduction, reduce } from './primitives/reduction.ts'
import { toComparable } from './primitives/spatial.ts'
import { stopGradient } from './primitives/stop-gradient.ts'

export interface ActivationBoundariesOptions {
  /** How far on the right side of 0 a response has to be, in units of the responses; 0 or more. */
  readonly margin: number
  readonly reduction: Reduction
}

/**
 * L = reduction of max(0, m − σ s)², σ = 1 where the teacher's response t > 0, else −1: (s + m)² where t ≤ 0 and s > −m,
 * (s − m)² where t > 0 and s ≤ m.
 *
 * A support vector machine for each neuron: squared, because the hinge alone has no slope that tells how far off a response
 * is; with a margin, because at m = 0 a student of zeros would have nothing to learn. Beyond the margin there is no
 * gradient, so strength is left to the other terms.
 *
 * The authors use 0.003 times `batch-sum`, as initialization over some epochs before anything else; a mean does not
 * depend on the size of the layer. Defaults: margin 1, `mean`. Widths must agree, or the student be projected before.
 *
 * @param student before its activation, `[batch, height, width, channels]` or `[batch, units]`
 * @param teacher before its activation, likewise; a larger map is average-pooled to the size of the smaller
 * @returns scalar ≥ 0; 0 where every response is on the teacher's side by the margin. Not 0 for equal networks
 * @see arXiv:1811.03233
 */
export const activationBoundaries = (
  student: tf.Tensor,
  teacher: tf.Tensor,
  { margin, reduction }: ActivationBoundariesOptions,
): tf.Scalar =>
  tf.tidy(() => {
    const [ours, theirs] = toComparable(student, stopGradient(teacher))
    const side = tf.sub(tf.mul(tf.cast(tf.greater(theirs, 0), 'float32'), 2), 1)
    return reduce(tf.square(relu(tf.sub(margin, tf.mul(side, ours)))), reduction)
  })
