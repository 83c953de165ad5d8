/**
 * Flow of the solution procedure, FSP (Yim et al. 2017): not what two layers say but how the one follows from the other, as
 * the products of their channels. Two taps in each network.
 */
import { tf } from '../tensorflow.ts'
import { meanSquare } from './primitives/mean-square.ts'
import { byPosition, toSameSize } from './primitives/spatial.ts'
import { stopGradient } from './primitives/stop-gradient.ts'

/** Where a part of a network begins and where it ends. */
export interface Flow {
  /** `[batch, height, width, channels]`. */
  readonly first: tf.Tensor4D
  /** Likewise; size and channels may differ from those of `first`. */
  readonly second: tf.Tensor4D
}

/** `[batch, channels of first, channels of second]`: mean over positions of the products. */
function flowMatrix({ first, second }: Flow): tf.Tensor {
  const [from, to] = toSameSize(first, second).map(byPosition) as [tf.Tensor3D, tf.Tensor3D]
  return tf.mul(tf.matMul(from, to, true, false), 1 / from.shape[1])
}

/**
 * L = mean over batch and channel pairs of (G_s − G_t)², G = F₁ᵀ F₂ / positions.
 *
 * Dividing by the number of positions makes G independent of the size of the maps, which therefore need not agree between
 * the networks; within a network the larger of the two is average-pooled to the smaller. The channels of the student's two
 * taps must be those of the teacher's, or be projected to them before.
 *
 * The paper sums instead of averaging, and max-pools; public code is as here, with a usual weight of 50. G is of the fourth
 * order in the activations once squared: large features make it very large.
 *
 * @returns scalar ≥ 0; 0 where the flows agree
 * @see Yim, Joo, Bae & Kim, A Gift from Knowledge Distillation, CVPR 2017, section 3
 */
export const fsp = (student: Flow, teacher: Flow): tf.Scalar =>
  tf.tidy(() => {
    const { first, second } = teacher
    const wanted = { first: stopGradient(first), second: stopGradient(second) }
    return meanSquare(flowMatrix(student), flowMatrix(wanted))
  })
