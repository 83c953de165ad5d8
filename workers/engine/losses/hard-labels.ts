/**
 * Learning from labels: the softmax cross-entropy. What a teacher, the control arm and most students are (also)
 * trained for. Softened answers of a teacher are another term (`soft-targets.ts`); weights between terms belong to the
 * objective.
 */
import { logSoftmax } from '../native-ops.ts'
import { tf } from '../tensorflow.ts'

/**
 * Averages the negative log-likelihood of the label over the rows whose label is known.
 *
 * L = (Σ_b m_b (logsumexp z_b − z_b,y_b)) / max(1, Σ_b m_b), with m_b = 1 where the label of row b is known, else 0.
 *
 * The mean runs over the labelled rows and not over the batch: with 10 % of the labels known, a batch that happens to
 * hold few of them would otherwise push less, and the weight of the term would change its meaning with the share of
 * labels. A batch without any gives 0 and a zero gradient. ∂L/∂z_b = m_b (softmax z_b − onehot y_b) / max(1, Σ m).
 *
 * With label smoothing ε the target is (1 − ε) onehot y + ε / classes (Szegedy et al. 2016, section 7).
 *
 * Numerics: log-softmax subtracts the largest logit first; log(softmax(z)) would be −∞ for gaps above about 100.
 *
 * @param studentLogits `[batch, classes]`, raw, not softmaxed
 * @param labels        `[batch]` int32, class index, or −1 where the label is not known
 * @param labelSmoothing ε in [0, 1)
 * @returns scalar ≥ 0, in nats. The caller disposes it.
 */
export function crossEntropy(
  studentLogits: tf.Tensor2D,
  labels: tf.Tensor1D,
  labelSmoothing = 0,
): tf.Scalar {
  return tf.tidy(() => {
    const classes = studentLogits.shape[1]
    // A row of zeros for −1, so the product below drops rows without a label.
    const onehot = tf.oneHot(labels, classes, 1, 0, 'float32')
    const target =
      labelSmoothing === 0
        ? onehot
        : tf.add(
            tf.mul(onehot, 1 - labelSmoothing),
            tf.mul(tf.sum(onehot, 1, true), labelSmoothing / classes),
          )
    const logLikelihood = tf.sum(tf.mul(target, logSoftmax(studentLogits)))
    const known = tf.maximum(tf.sum(onehot), 1)
    return tf.neg(tf.div(logLikelihood, known)) as tf.Scalar
  })
}
