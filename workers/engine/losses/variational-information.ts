/**
 * Variational information distillation, VID (Ahn et al. 2019): raises a lower bound of the mutual information between the
 * teacher's features and the student's. In effect `feature-hint.ts` with a precision for each channel, learnt along: a
 * channel that the student cannot predict loses its weight.
 */
import { tf } from '../tensorflow.ts'
import { type Projector, project } from './primitives/project.ts'
import { toComparable } from './primitives/spatial.ts'
import { stopGradient } from './primitives/stop-gradient.ts'

export interface VariationalInformationOptions {
  /** Added to the variance, so that it cannot reach 0. */
  readonly eps: number
}

/**
 * L = mean over all entries of 1/2 [(μ(F_s) − F_t)² / v_k + log v_k], v_k = softplus(a_k) + eps: the negative log-likelihood
 * of the teacher's features under a normal distribution with mean μ and one variance a channel, without its constant
 * 1/2 log 2π. The logarithm is the price of a large variance; without it v would grow for ever. The loss can be negative.
 *
 * Both μ and a are trained with the student and not delivered. Code exists that leaves a out of the optimizer: then it is
 * a hint loss with a fixed factor. The usual μ is three 1 × 1 convolutions without bias and ReLU between them, the usual
 * start a = log(e^{5 − eps} − 1), that is, v = 5. The larger map is pooled to the size of the smaller before μ.
 *
 * For given differences the best v_k is their mean square, where the first term is 1/2 and only log v tells how good μ is.
 * Softplus keeps v positive; its gradient fades for a below about −15, where v is eps. Default eps = 1e-5: authors' code.
 *
 * @param student  `[batch, height, width, channels]` or `[batch, units]`
 * @param teacher  likewise, with K channels
 * @param mean     μ, from the student's channels to K; empty for none
 * @param logScale `[K]`, a
 * @returns scalar, in nats a feature; no lower bound
 * @see arXiv:1904.05835
 */
export const variationalInformation = (
  student: tf.Tensor,
  teacher: tf.Tensor,
  mean: Projector,
  logScale: tf.Tensor1D,
  { eps }: VariationalInformationOptions,
): tf.Scalar =>
  tf.tidy(() => {
    const [ours, wanted] = toComparable(student, stopGradient(teacher))
    const variance = tf.add(tf.softplus(logScale), eps)
    const error = tf.squaredDifference(project(ours, mean), wanted)
    const perEntry = tf.add(tf.div(error, variance), tf.log(variance))
    return tf.mul(tf.mean(perEntry), 0.5) as tf.Scalar
  })
