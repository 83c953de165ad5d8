/**
 * Correlation congruence, CC (Peng et al. 2019): as `similarity-preserving.ts`, between directions of rows and through a
 * kernel, which also sees products of features.
 */
import { tf } from '../tensorflow.ts'
import { unit } from './primitives/length.ts'
import { meanSquare } from './primitives/mean-square.ts'
import { asRows } from './primitives/spatial.ts'
import { stopGradient } from './primitives/stop-gradient.ts'

export interface CorrelationCongruenceOptions {
  /** `rbf` is Gaussian, `taylor` the first terms of its series, `bilinear` the product itself. */
  readonly kernel: 'taylor' | 'rbf' | 'bilinear'
  /** Above 0: how fast similarity falls off with distance. Not used by `bilinear`. */
  readonly gamma: number
  /** Highest power in the series of `taylor`. */
  readonly order: number
}

/** Kernel of each pair of rows, which are brought to length 1 before. */
function similarities(
  features: tf.Tensor,
  { kernel, gamma, order }: CorrelationCongruenceOptions,
): tf.Tensor {
  const rows = unit(asRows(features))
  const cosine = tf.matMul(rows, rows, false, true)
  switch (kernel) {
    case 'bilinear':
      return cosine
    case 'rbf': {
      // 1 each, but 0 for a row of zeros.
      const squares = tf.sum(tf.square(rows), 1, true)
      const distance = tf.sub(tf.add(squares, tf.transpose(squares)), tf.mul(cosine, 2))
      return tf.exp(tf.mul(distance, -gamma))
    }
    case 'taylor': {
      // Σ_p (2γ)^p / p! cos^p by Horner's rule.
      let sum: tf.Tensor = tf.onesLike(cosine)
      for (let power = order; power > 0; power--)
        sum = tf.add(tf.mul(tf.mul(sum, cosine), (2 * gamma) / power), 1)
      return tf.mul(sum, Math.exp(-2 * gamma))
    }
  }
}

/**
 * L = mean_{ij} (K_s − K_t)², K_ij = e^{−2γ} Σ_{p ≤ order} (2γ)^p / p! · cos(f_i, f_j)^p.
 *
 * On vectors of length 1, ‖x − y‖² = 2 − 2 cos, so the Gaussian exp(−γ ‖x − y‖²) is e^{−2γ} e^{2γ cos}; the series of the
 * second factor, cut at `order`, is the paper's kernel. The factor e^{−2γ} is the same for both networks: it sets the
 * size of the loss only.
 *
 * Widely copied code under this name takes mean |s − t|_b |s − t|_{b+1} of neighbouring rows: a different function, not
 * offered here. Defaults: γ = 0.4, order 2, kernel `taylor`; a usual weight in public code is 100.
 *
 * @param student `[batch, …]`
 * @param teacher `[batch, …]`
 * @returns scalar ≥ 0; 0 where directions relate alike
 * @see arXiv:1904.01802
 */
export const correlationCongruence = (
  student: tf.Tensor,
  teacher: tf.Tensor,
  options: CorrelationCongruenceOptions,
): tf.Scalar =>
  tf.tidy(() =>
    meanSquare(similarities(student, options), similarities(stopGradient(teacher), options)),
  )
