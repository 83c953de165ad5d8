/**
 * Channel-wise distillation, CWD (Shu et al. 2021): each channel of the teacher is turned into a distribution over
 * positions, where its key points are the probable ones, and the student shall have it. `attention-transfer.ts` does so
 * for all channels at once; `key-points.ts` picks the points instead of weighting all positions.
 */
import { logSoftmax } from '../native-ops.ts'
import { tf } from '../tensorflow.ts'
import { divergence } from './primitives/log-probabilities.ts'
import { byPosition, toSameSize } from './primitives/spatial.ts'
import { stopGradient } from './primitives/stop-gradient.ts'
import { softened, type Temperature, timesSquare } from './primitives/temperature.ts'

export interface ChannelWiseOptions {
  /** Above 0; divides the activations before the softmax over positions. */
  readonly temperature: Temperature
}

/** `[batch · channels, positions]`. */
function logDistributions(features: tf.Tensor4D, temperature: Temperature): tf.Tensor {
  const [batch, height, width, channels] = features.shape
  const byChannel = tf.transpose(byPosition(features), [0, 2, 1])
  const rows = tf.reshape(byChannel, [batch * channels, height * width])
  return logSoftmax(softened(rows, temperature))
}

/**
 * L = T² / (batch · channels) · Σ_{b,k} KL(softmax_i(F_t / T) ‖ softmax_i(F_s / T)), i over positions.
 *
 * Where the teacher is strong counts, and the divergence is asymmetric in the right way: a student that is strong where the
 * teacher is not is punished through normalization only. A constant added to a channel does not matter, its scale does.
 * T² keeps the size of the gradient when T changes, as in `soft-targets.ts`; T decides over how wide an area is matched.
 *
 * Paper and code agree. Default T = 4; made for segmentation, where the weight is 50 on features and 3 on maps of logits.
 * Channels must agree, or the student be projected before. A map of one position has nothing to say: 0.
 *
 * @param student `[batch, height, width, channels]`
 * @param teacher likewise; a larger map is average-pooled to the size of the smaller
 * @returns scalar ≥ 0 but for rounding, in nats a channel; 0 where the channels agree up to a constant each
 * @see arXiv:2011.13256
 */
export const channelWise = (
  student: tf.Tensor4D,
  teacher: tf.Tensor4D,
  { temperature }: ChannelWiseOptions,
): tf.Scalar =>
  tf.tidy(() => {
    const [ours, theirs] = toSameSize(student, stopGradient(teacher))
    const wanted = logDistributions(theirs, temperature)
    const perChannel = divergence(wanted, logDistributions(ours, temperature))
    return timesSquare(tf.mean(perChannel), temperature)
  })
