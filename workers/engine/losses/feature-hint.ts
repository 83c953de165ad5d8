/**
 * Hints, FitNets (Romero et al. 2015): a layer in the middle of the student shall say what a layer in the middle of the
 * teacher says, up to a linear map. The strictest feature loss: it wants the values themselves. Where the student is too
 * small for that, `attention-transfer.ts` asks for the places only, `similarity-preserving.ts` for the relations of rows.
 */
import { tf } from '../tensorflow.ts'
import { meanSquare } from './primitives/mean-square.ts'
import { type Projector, project } from './primitives/project.ts'
import { toComparable } from './primitives/spatial.ts'
import { stopGradient } from './primitives/stop-gradient.ts'

/**
 * L = mean over all entries of (r(F_s) − F_t)², r the projector that is trained along: F W + b on the channels of each
 * position. Without one the widths must agree.
 *
 * The larger of two maps is first average-pooled to the size of the smaller. FitNets instead convolves the student's map
 * with a kernel that makes it fit, which costs more parameters and only works downwards.
 *
 * The paper has half the sum of squares of a row, that is `entries / 2` times as much; code has the mean, with which a
 * weight of 100 is usual beside the cross-entropy. The projector can absorb any scale, so the loss says nothing before it
 * has been trained: give it a learning rate like the student's, or a stage of its own, as the paper does.
 *
 * Squares grow with the teacher's activations: unnormalized features of size 1000 make this loss 1e6.
 *
 * @param student   `[batch, height, width, channels]` or `[batch, units]`
 * @param teacher   likewise
 * @param projector from the student's channels to the teacher's; empty for none
 * @returns scalar ≥ 0, in squared units of the teacher's features; 0 where they agree
 * @see arXiv:1412.6550, equation 3
 */
export const featureHint = (
  student: tf.Tensor,
  teacher: tf.Tensor,
  projector: Projector,
): tf.Scalar =>
  tf.tidy(() => {
    const [hinted, hint] = toComparable(student, stopGradient(teacher))
    return meanSquare(project(hinted, projector), hint)
  })
