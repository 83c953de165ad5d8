/**
 * Attention transfer, AT (Zagoruyko & Komodakis 2017): the student shall look where the teacher looks. Channels are
 * summed away, so widths need not agree and no projector is trained. `key-points.ts` asks for the peaks of the same map
 * only, `channel-wise.ts` for the places of each channel.
 */
import { tf } from '../tensorflow.ts'
import { attentionMap } from './primitives/attention-map.ts'
import { length } from './primitives/length.ts'
import { meanSquare } from './primitives/mean-square.ts'
import { toSameSize } from './primitives/spatial.ts'
import { stopGradient } from './primitives/stop-gradient.ts'

export interface AttentionTransferOptions {
  /** Exponent of the activations, 1 or more; larger ones stress the strongest positions. */
  readonly power: number
  /** `code`: mean squared difference, as the authors compute it. `paper`: mean length of the difference. */
  readonly form: 'code' | 'paper'
}

/**
 * Q = A / ‖A‖, A = mean_k |F_k|^power at each position. Form `code`: L = mean_{b,i} (Q_s − Q_t)². Form `paper`:
 * L = mean_b ‖Q_s − Q_t‖, without the factor β/2 of equation 2.
 *
 * Each row of Q has length 1, so the code form is at most 2 / positions and shrinks with the size of the map: hence the
 * usual weight of 1000. Half the paper's loss with β = 1 is another function, not another factor: it has a corner at
 * equality, and pulls as strongly on a small difference as on a large one.
 *
 * If sizes differ, the larger feature map is average-pooled before its attention is taken; pooling attention maps is
 * something else, because the square comes in between. Dead maps of zeros have an attention of zeros and no gradient.
 *
 * Defaults: power 2, form `code`. Usual taps: the end of each stage, one term for each.
 *
 * @param student `[batch, height, width, channels]`
 * @param teacher `[batch, height, width, channels]`, sizes and channels may differ
 * @returns scalar ≥ 0; 0 where attention agrees, whatever the scale of the features
 * @see arXiv:1612.03928, equation 2
 */
export const attentionTransfer = (
  student: tf.Tensor4D,
  teacher: tf.Tensor4D,
  { power, form }: AttentionTransferOptions,
): tf.Scalar =>
  tf.tidy(() => {
    const [ours, theirs] = toSameSize(student, stopGradient(teacher))
    const [own, wanted] = [attentionMap(ours, power), attentionMap(theirs, power)]
    switch (form) {
      case 'code':
        return meanSquare(own, wanted)
      case 'paper':
        return tf.mean(length(tf.sub(own, wanted))) as tf.Scalar
    }
  })
