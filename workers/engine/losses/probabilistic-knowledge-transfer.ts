/**
 * Probabilistic knowledge transfer, PKT (Passalis & Tefas 2018): how likely each row would pick each other row as its
 * neighbour, compared as probability distributions. Near pairs count more than in `similarity-preserving.ts`.
 */
import { tf } from '../tensorflow.ts'
import { insertAxis } from './primitives/insert-axis.ts'
import { length } from './primitives/length.ts'
import { asRows } from './primitives/spatial.ts'
import { stopGradient } from './primitives/stop-gradient.ts'

export interface ProbabilisticKnowledgeTransferOptions {
  /** Added to both probabilities in the logarithm, and to the lengths of rows in the cosine. */
  readonly eps: number
}

/** `[batch, batch]`, rows sum to 1: (cosine + 1) / 2, normalized. */
function neighbourhoods(features: tf.Tensor, eps: number): tf.Tensor {
  const rows = asRows(features)
  const directions = tf.div(rows, insertAxis(tf.add(length(rows), eps), 1)) as tf.Tensor2D
  const similarity = tf.mul(tf.add(tf.matMul(directions, directions, false, true), 1), 0.5)
  return tf.div(similarity, tf.sum(similarity, 1, true))
}

/**
 * L = mean_{ij} p_t,ij log((p_t,ij + eps) / (p_s,ij + eps)), p_ij = k_ij / Σ_j k_ij, k = (cos(f_i, f_j) + 1) / 2.
 *
 * The cosine is moved to [0, 1] so that it can be a probability; the kernel has no width to be chosen. Rows are conditional
 * distributions, and the loss is the divergence of the student's, summed over j and averaged over i, divided by the
 * batch once more: it falls with 1 / batch², and the usual weight is 30000.
 *
 * The diagonal, a row as its own neighbour, is included, and entries are averaged, as in the authors' code; the paper
 * sums over i ≠ j. eps = 1e-7 (authors) keeps log finite for opposite rows, whose k is 0; it is also added to ‖f‖ in the
 * cosine, so that a row of zeros has the kernel 1/2 with all others.
 *
 * @param student `[batch, …]`
 * @param teacher `[batch, …]`
 * @returns scalar ≥ 0 but for rounding and eps; 0 where directions relate alike, whatever the lengths
 * @see arXiv:1803.10837
 */
export const probabilisticKnowledgeTransfer = (
  student: tf.Tensor,
  teacher: tf.Tensor,
  { eps }: ProbabilisticKnowledgeTransferOptions,
): tf.Scalar =>
  tf.tidy(() => {
    const own = neighbourhoods(student, eps)
    const wanted = neighbourhoods(stopGradient(teacher), eps)
    const ratio = tf.sub(tf.log(tf.add(wanted, eps)), tf.log(tf.add(own, eps)))
    return tf.mean(tf.mul(wanted, ratio)) as tf.Scalar
  })
