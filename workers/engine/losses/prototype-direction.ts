/**
 * Norm and direction, ND, of KD++ (Wang et al. 2023): features of the penultimate layer shall point to the prototype of
 * their class, which is the mean of the teacher's features of it, and be at least as long as the teacher's. Direction
 * decides the class, length the confidence. `prototype-relational.ts` uses all prototypes and no labels.
 */
import { tf } from '../tensorflow.ts'
import { asDivisor } from './primitives/indicator.ts'
import { labelledMean, oneHot } from './primitives/labelled.ts'
import { length, unit } from './primitives/length.ts'
import { stopGradient } from './primitives/stop-gradient.ts'

/**
 * L = mean_b [1 − ⟨f_s, p_y / ‖p_y‖⟩ / max(‖f_s‖, ‖f_t‖)].
 *
 * Where the student's feature is the shorter one, the denominator is a constant, and growing along the prototype lowers the
 * loss; where it is longer, the fraction is the cosine and only turning does. So lengths grow up to the teacher's and are
 * then left alone.
 *
 * Authors' code averages over the batch, as here; the paper over each class first and then over the classes, which differs
 * for unbalanced batches. The mean runs over the rows with a label. A feature of length 0 whose teacher has length 0 too
 * gives 1 without gradient. The authors add it to soft targets with a weight of 2.
 *
 * @param student    `[batch, width]`, projected to the teacher's width where it differs
 * @param teacher    `[batch, width]`; only its length is read
 * @param prototypes `[classes, width]` over training rows, see `primitives/class-means.ts`
 * @param labels     `[batch]` int32, −1 for unknown
 * @returns scalar in [0, 2]; 0 where each feature is in the direction of its prototype and long enough, so not at equality
 * @see arXiv:2305.17007
 */
export const prototypeDirection = (
  student: tf.Tensor2D,
  teacher: tf.Tensor2D,
  prototypes: tf.Tensor2D,
  labels: tf.Tensor1D,
): tf.Scalar =>
  tf.tidy(() => {
    const directions = unit(stopGradient(prototypes))
    const target = tf.matMul(oneHot(labels, prototypes.shape[0]), directions as tf.Tensor2D)
    const longer = tf.maximum(length(student), length(stopGradient(teacher)))
    const along = tf.div(tf.sum(tf.mul(student, target), 1), asDivisor(longer))
    return labelledMean(tf.sub(1, along), labels)
  })
