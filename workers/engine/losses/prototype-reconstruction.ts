/**
 * Reconstruction around prototypes, a construction of this project: a decoder on the student's features shall give back
 * the teacher's output, drawn towards the prototype of the class. The prototype is what a class has in common; the
 * remainder is what is particular about a row, and often more than a small student can hold.
 */
import { tf } from '../tensorflow.ts'
import { labelledMean, oneHot } from './primitives/labelled.ts'
import { stopGradient } from './primitives/stop-gradient.ts'

export interface PrototypeReconstructionOptions {
  /** λ in [0, 1]: how far targets are moved from the teacher's output of the row to the prototype of its class. */
  readonly lambda: number
}

/**
 * L = mean over rows and width of (g − [λ p_y + (1 − λ) z_t])², g the decoder's output.
 *
 * λ = 0 is regression of the teacher's output (`feature-hint.ts`, or `logit-mse.ts` twice), λ = 1 of its class means, which
 * is learning from labels with another code for the classes. In between, the spread of the targets within a class is
 * (1 − λ)² of the teacher's.
 *
 * The mean is also over the width, so the loss does not grow with it. It runs over the rows with a label, since the
 * others have no prototype. Default λ = 0.5.
 *
 * @param reconstruction `[batch, width]`, g(f_s)
 * @param teacher        `[batch, width]`: features or logits
 * @param prototypes     `[classes, width]`: class means of the same over training rows
 * @param labels         `[batch]` int32, −1 for unknown
 * @returns scalar ≥ 0, in squared units of the teacher's output; at equality with the teacher 0 only for λ = 0
 */
export const prototypeReconstruction = (
  reconstruction: tf.Tensor2D,
  teacher: tf.Tensor2D,
  prototypes: tf.Tensor2D,
  labels: tf.Tensor1D,
  { lambda }: PrototypeReconstructionOptions,
): tf.Scalar =>
  tf.tidy(() => {
    const members = oneHot(labels, prototypes.shape[0])
    const prototype = tf.matMul(members, stopGradient(prototypes))
    const target = tf.add(tf.mul(prototype, lambda), tf.mul(stopGradient(teacher), 1 - lambda))
    return labelledMean(tf.mean(tf.squaredDifference(reconstruction, target), 1), labels)
  })
