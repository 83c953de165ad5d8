/**
 * Relational knowledge distillation, RKD (Park et al. 2019): the student shall arrange the rows of a batch like the
 * teacher, in a space of any width: same ratios of distances, same angles in triangles.
 */
import { tf } from '../tensorflow.ts'
import type { LossInParts } from './loss-in-parts.ts'
import { asDivisor } from './primitives/indicator.ts'
import { insertAxis } from './primitives/insert-axis.ts'
import { length, unit } from './primitives/length.ts'
import { huber } from './primitives/piecewise.ts'
import { asRows } from './primitives/spatial.ts'
import { stopGradient } from './primitives/stop-gradient.ts'

export interface RelationalOptions {
  readonly distanceWeight: number
  readonly angleWeight: number
}

/** Distances `[batch, batch]` in units of their mean, and cosines `[batch, batch, batch]` of the angles at the first row. */
function arrangement(features: tf.Tensor): { distances: tf.Tensor; cosines: tf.Tensor } {
  const rows = asRows(features)
  const differences = tf.sub(insertAxis(rows, 0), insertAxis(rows, 1))
  const distances = length(differences)
  const batch = rows.shape[0]
  // All rows equal: distances of 0 in any unit.
  const mean = asDivisor(tf.mul(tf.sum(distances), 1 / Math.max(1, batch * (batch - 1))))
  const directions = unit(differences)
  return {
    distances: tf.div(distances, mean),
    cosines: tf.matMul(directions, directions, false, true),
  }
}

/**
 * L = w_D · mean_{ij} h(d_s,ij − d_t,ij) + w_A · mean_{ijk} h(cos_s,ijk − cos_t,ijk), h Huber's function with δ = 1.
 *
 * d_ij = ‖f_i − f_j‖ / m, where m is the mean over pairs of two rows: the scale of the features drops out, and
 * through m each row influences all distances. cos_ijk is the cosine of the angle at row i between rows j and k. Huber
 * instead of squares so that one outlier among the distances does not rule; cosines differ by 2 at most.
 *
 * The means run over batch² and batch³ entries, zeros on the diagonals included, as in public code; the paper sums over
 * tuples of different rows. Two rows have one distance and no angle: the loss is 0, so a batch needs three. The angles
 * take memory for batch³ numbers, and batch² · width for the differences: keep batches at 128 or below.
 *
 * Equal rows: distance 0 and cosines 0, without gradient; computed from differences and not from a Gram matrix, where
 * small distances would be lost. Defaults w_D = 25, w_A = 50 are the authors'; they use the layer before the logits.
 * `similarity-preserving.ts` is the cheaper sibling.
 *
 * @param student `[batch, …]`
 * @param teacher `[batch, …]`
 * @returns `distance` and `angle` without their weights; 0 where one arrangement is the other, moved, turned and scaled
 * @see arXiv:1904.05068, section 3.2
 */
export const relational = (
  student: tf.Tensor,
  teacher: tf.Tensor,
  { distanceWeight, angleWeight }: RelationalOptions,
): LossInParts<'distance' | 'angle'> =>
  tf.tidy(() => {
    const [ours, theirs] = [arrangement(student), arrangement(stopGradient(teacher))]
    const mean = (a: tf.Tensor, b: tf.Tensor) => tf.mean(huber(tf.sub(a, b))) as tf.Scalar
    const distance = mean(ours.distances, theirs.distances)
    const angle = mean(ours.cosines, theirs.cosines)
    const value = tf.add(tf.mul(distance, distanceWeight), tf.mul(angle, angleWeight)) as tf.Scalar
    return { value, components: { distance, angle } }
  })
