/**
 * Neuron selectivity transfer, NST (Huang & Wang 2017): each channel is a pattern of places it responds to, and the student
 * shall have the same distribution of patterns. Which channel has which does not matter, nor how many there are.
 * `attention-transfer.ts` compares the sum of all patterns only.
 */
import { tf } from '../tensorflow.ts'
import { unit } from './primitives/length.ts'
import { byPosition, toSameSize } from './primitives/spatial.ts'
import { stopGradient } from './primitives/stop-gradient.ts'

/** `[batch]`: mean over all pairs of channels of ⟨a_c, b_c'⟩². */
const meanKernel = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
  tf.mean(tf.square(tf.matMul(a, b, true, false)), [1, 2])

/**
 * L = mean_b MMD²(channels of the student, channels of the teacher), the squared maximum mean discrepancy with the
 * kernel ⟨x, y⟩², on channel maps brought to length 1:
 * mean_{cc'} ⟨s_c, s_c'⟩² + mean_{cc'} ⟨t_c, t_c'⟩² − 2 mean_{cc'} ⟨s_c, t_c'⟩².
 *
 * With this kernel it is also the squared distance between the mean outer products of the patterns: second moments are
 * compared. Lengths are taken out so that strong channels do not outweigh the others; a dead channel is a pattern of zeros.
 * The first and the last part cancel near equality: expect an absolute error of about 1e-7.
 *
 * Paper and public code agree, with a usual weight of 50. The larger map is average-pooled to the size of the smaller.
 *
 * @param student `[batch, height, width, channels]`
 * @param teacher `[batch, height, width, channels]`, sizes and channels may differ
 * @returns scalar ≥ 0 but for rounding; 0 where the channels are the same in any order
 * @see arXiv:1707.01219
 */
export const neuronSelectivity = (student: tf.Tensor4D, teacher: tf.Tensor4D): tf.Scalar =>
  tf.tidy(() => {
    const [ours, theirs] = toSameSize(student, stopGradient(teacher))
    const [s, t] = [unit(byPosition(ours), 1), unit(byPosition(theirs), 1)]
    const within = tf.add(meanKernel(s, s), meanKernel(t, t))
    return tf.mean(tf.sub(within, tf.mul(meanKernel(s, t), 2))) as tf.Scalar
  })
