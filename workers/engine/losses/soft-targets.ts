/**
 * Distillation by soft targets (Hinton, Vinyals & Dean 2015, section 2). The student is asked for the teacher's whole
 * distribution, softened by a temperature T: how wrong each wrong class is says more than the right one alone. The
 * labels themselves are another term (`hard-labels.ts`); weights between terms belong to the objective.
 */
import { logSoftmax } from '../native-ops.ts'
import { tf } from '../tensorflow.ts'
import { stopGradient } from './primitives/stop-gradient.ts'
import { softened, type Temperature, timesSquare } from './primitives/temperature.ts'

/**
 * Kullback–Leibler divergence from student to teacher at temperature T, times T², averaged over the batch.
 *
 * L = T² · mean_b Σ_c p_bc (log p_bc − log q_bc), p = softmax(teacher / T), q = softmax(student / T).
 *
 * Why T²: ∂L/∂z = T (q − p) / batch, and q − p itself shrinks as 1/T. Without the factor the gradient would shrink as
 * 1/T², and the weight of the term would change its meaning with T. For T → ∞, L tends to half the squared error of the
 * logits, each row centred on its mean, summed over the classes and divided by their number. With T = 1 it is the
 * cross-entropy with the teacher's probabilities less the teacher's entropy, which is a constant: the same gradient.
 *
 * Numerics: both sides stay in log space, because log(softmax(z)) underflows to −∞, and its gradient to NaN, for gaps
 * above about 100. In float32 the difference of logs cancels for large T: expect a relative error of some 1e-4 at T = 50.
 *
 * @param studentLogits `[batch, classes]`, raw, not softmaxed
 * @param teacherLogits `[batch, classes]`, raw; constants, no gradient flows into them
 * @param temperature   above 0; usual range 1 to 20
 * @returns scalar ≥ 0 but for rounding, in nats; 0 exactly when the distributions agree. The caller disposes it.
 * @see arXiv:1503.02531
 */
export function softTargetLoss(
  studentLogits: tf.Tensor2D,
  teacherLogits: tf.Tensor2D,
  temperature: Temperature,
): tf.Scalar {
  return tf.tidy(() => {
    const logP = logSoftmax(softened(stopGradient(teacherLogits), temperature))
    const logQ = logSoftmax(softened(studentLogits, temperature))
    const divergence = tf.sum(tf.mul(tf.exp(logP), tf.sub(logP, logQ)))
    return timesSquare(divergence, temperature, 1 / studentLogits.shape[0])
  })
}
