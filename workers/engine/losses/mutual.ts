/**
 * Deep mutual learning, DML (Zhang et al. 2018): students that learn together and from each other, without a teacher.
 * Each has its labels and this term. `soft-targets.ts` is the term for a teacher that is finished.
 */
import { logSoftmax } from '../native-ops.ts'
import { tf } from '../tensorflow.ts'
import { divergence } from './primitives/log-probabilities.ts'
import { reshapeLast } from './primitives/reshape-last.ts'
import { stopGradient } from './primitives/stop-gradient.ts'

/**
 * L = mean over peers p of mean_b KL(softmax(z_p) ‖ softmax(z)).
 *
 * A peer stands for what it is now, as a constant: it is changed by its own loss only, in which this student is a peer.
 * No temperature: the peers are as unsure as the student, at least in the beginning, so there is nothing to soften, and
 * hence no T². With K networks the paper divides by K − 1: the mean over the peers.
 *
 * Peers may answer from before or after their own step; the paper updates them in turn, code mostly all at once.
 *
 * @param studentLogits `[batch, classes]`
 * @param peerLogits    `[peers, batch, classes]` of the same rows, in the same step
 * @returns scalar ≥ 0 but for rounding, in nats; 0 where all agree
 * @see arXiv:1706.00384, section 3
 */
export const mutual = (studentLogits: tf.Tensor2D, peerLogits: tf.Tensor3D): tf.Scalar =>
  tf.tidy(() => {
    const peers = reshapeLast(stopGradient(peerLogits), logSoftmax)
    return tf.mean(divergence(peers, logSoftmax(studentLogits))) as tf.Scalar
  })
