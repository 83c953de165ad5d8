/**
 * Relation to the prototypes, a construction of this project: how far a row is from the prototype of each class, as a
 * distribution over the classes, shall be as for the teacher. The distribution is that of prototypical networks (Snell et
 * al. 2017); taking it as soft targets of an embedding is ours. It needs no labels beyond those the prototypes are made of.
 */
import { logSoftmax } from '../native-ops.ts'
import { tf } from '../tensorflow.ts'
import { divergence } from './primitives/log-probabilities.ts'
import { type Projector, project } from './primitives/project.ts'
import { stopGradient } from './primitives/stop-gradient.ts'

export interface PrototypeRelationalOptions {
  /** Above 0, in squared units of the features: at what difference of squared distances a class is e times less likely. */
  readonly tau: number
}

/**
 * log softmax_c(−‖f − p_c‖² / τ). The part ‖f‖² is common to all classes and drops out, so it is never computed: distances
 * of far features do not lose the digits that tell them apart.
 */
function logRelations(features: tf.Tensor, prototypes: tf.Tensor2D, tau: number): tf.Tensor {
  const squares = tf.sum(tf.square(prototypes), 1)
  const products = tf.matMul(features as tf.Tensor2D, prototypes, false, true)
  return logSoftmax(tf.mul(tf.sub(tf.mul(products, 2), squares), 1 / tau))
}

/**
 * L = mean_b KL(q(f_t) ‖ q(r(f_s))), q(f) = softmax_c(−‖f − p_c‖² / τ), r the projector.
 *
 * Compared with regressing f_t, directions of the space in which the prototypes do not differ are free. Compared with soft
 * targets of the logits, the classifier is fixed, and the same for both networks.
 *
 * There is no factor τ²: τ is not a temperature on top of a given unit but the unit itself. Choose it of the size of squared
 * distances between prototypes, or both distributions are one-hot and the loss is a hard one. Default τ = 1.
 *
 * @param student    `[batch, width]`
 * @param teacher    `[batch, teacher width]`
 * @param prototypes `[classes, teacher width]` over training rows, see `primitives/class-means.ts`
 * @param projector  from the student's width to the teacher's; empty for none
 * @returns scalar ≥ 0 but for rounding, in nats; 0 where the distributions agree
 * @see arXiv:1703.05175, equation 2, for the distribution
 */
export const prototypeRelational = (
  student: tf.Tensor2D,
  teacher: tf.Tensor2D,
  prototypes: tf.Tensor2D,
  projector: Projector,
  { tau }: PrototypeRelationalOptions,
): tf.Scalar =>
  tf.tidy(() => {
    const fixed = stopGradient(prototypes)
    const wanted = logRelations(stopGradient(teacher), fixed, tau)
    const own = logRelations(project(student, projector), fixed, tau)
    return tf.mean(divergence(wanted, own)) as tf.Scalar
  })
