/**
 * DIST, distillation from a stronger teacher (Huang et al. 2022). A much better teacher has probabilities that a small
 * student cannot reach; their order it can. So probabilities are compared by Pearson's correlation, which is blind to
 * shift and scale, in two directions: over the classes of a row, and over the rows of a class.
 */
import { logSoftmax } from '../native-ops.ts'
import { tf } from '../tensorflow.ts'
import type { LossInParts } from './loss-in-parts.ts'
import { length } from './primitives/length.ts'
import { stopGradient } from './primitives/stop-gradient.ts'
import { softened, type Temperature, timesSquare } from './primitives/temperature.ts'

export interface DistOptions {
  /** Weight of the correlation over the classes of a row. */
  readonly beta: number
  /** Weight of the correlation over the rows of a class. */
  readonly gamma: number
  /** Above 0. */
  readonly temperature: Temperature
  /** Added to the product of the two standard deviations (as lengths). */
  readonly eps: number
}

/** Mean over the rows of 1 − Pearson's correlation of the rows. */
function decorrelation(a: tf.Tensor, b: tf.Tensor, eps: number): tf.Scalar {
  const centred = (x: tf.Tensor): tf.Tensor => tf.sub(x, tf.mean(x, -1, true))
  const [left, right] = [centred(a), centred(b)]
  const scale = tf.add(tf.mul(length(left), length(right)), eps)
  const correlation = tf.div(tf.sum(tf.mul(left, right), -1), scale)
  return tf.sub(1, tf.mean(correlation)) as tf.Scalar
}

/**
 * L = β · inter + γ · intra, with p = softmax(z / T) of student and teacher,
 * inter = T² · mean_b (1 − ρ(p_s[b, ·], p_t[b, ·])), intra = T² · mean_c (1 − ρ(p_s[·, c], p_t[·, c])).
 *
 * Each part is between 0 and 2 T². Here ρ = ⟨a, b⟩ / (‖a‖ ‖b‖ + eps) of centred vectors; eps keeps a row of equal
 * probabilities finite, and leaves the loss of equal networks about eps / ‖a‖² above 0.
 *
 * T² is in the authors' classification code and not in the paper, whose T is 1 anyway. Two rows correlate by ±1 whatever
 * they are: `intra` has no gradient in a batch of two, and means little in small batches. Public variants take a cosine
 * that clamps the lengths instead of adding eps, which differs by about 1e-8.
 *
 * Defaults β = γ = T = 1, eps = 1e-8: the authors' ImageNet setting, with weight 2 for the term beside the cross-entropy;
 * for CIFAR-100 they use T = 4. `soft-targets.ts` asks for the probabilities themselves.
 *
 * @param studentLogits `[batch, classes]`, batch of three or more
 * @param teacherLogits `[batch, classes]`
 * @see arXiv:2205.10536
 */
export const dist = (
  studentLogits: tf.Tensor2D,
  teacherLogits: tf.Tensor2D,
  { beta, gamma, temperature, eps }: DistOptions,
): LossInParts<'inter' | 'intra'> =>
  tf.tidy(() => {
    const probabilities = (logits: tf.Tensor): tf.Tensor2D =>
      tf.exp(logSoftmax(softened(logits, temperature))) as tf.Tensor2D
    const student = probabilities(studentLogits)
    const teacher = probabilities(stopGradient(teacherLogits))
    const part = (a: tf.Tensor, b: tf.Tensor): tf.Scalar =>
      timesSquare(decorrelation(a, b, eps), temperature)
    const inter = part(student, teacher)
    const intra = part(tf.transpose(student), tf.transpose(teacher))
    const value = tf.add(tf.mul(inter, beta), tf.mul(intra, gamma)) as tf.Scalar
    return { value, components: { inter, intra } }
  })
