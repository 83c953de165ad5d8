/**
 * Class attention transfer, CAT-KD (Guo et al. 2023): where the evidence for each class is. A network that ends in global
 * average pooling and a dense layer has such a map for each class: apply the dense layer to every position instead of
 * to the mean. `attention-transfer.ts` is the version without classes, for any layer.
 */
import { tf } from '../tensorflow.ts'
import { unit } from './primitives/length.ts'
import { meanSquare } from './primitives/mean-square.ts'
import { byPosition, poolTo } from './primitives/spatial.ts'
import { stopGradient } from './primitives/stop-gradient.ts'

export interface ClassAttentionOptions {
  /** Height and width that maps are pooled to, 1 or more. */
  readonly resolution: number
  /** Bring the map of each class to length 1. */
  readonly normalize: boolean
}

/** `[batch, resolution², classes]`. */
function prepared(maps: tf.Tensor4D, { resolution, normalize }: ClassAttentionOptions): tf.Tensor {
  const pooled = byPosition(poolTo(maps, resolution, resolution))
  return normalize ? unit(pooled, 1) : pooled
}

/**
 * L = mean over all entries of (N_s − N_t)², N the class activation maps, average-pooled to resolution × resolution and,
 * for each row and class, brought to length 1.
 *
 * Pooling first, because the paper finds that where roughly matters and exactly does not; it also makes the sizes of the
 * networks' maps irrelevant. Length 1 because strength is what the logits already say. All classes count alike, also
 * improbable ones.
 *
 * The authors' code averages over positions as well, here too; the paper does not, which is resolution² times as much.
 * Defaults: resolution 2, normalized. A map of zeros stays one, without gradient.
 *
 * @param student class activation maps `[batch, height, width, classes]`
 * @param teacher likewise, of any height and width
 * @returns scalar in [0, 4 / resolution²] when normalized; 0 where the pooled maps agree in direction
 * @see arXiv:2304.12777
 */
export const classAttention = (
  student: tf.Tensor4D,
  teacher: tf.Tensor4D,
  options: ClassAttentionOptions,
): tf.Scalar =>
  tf.tidy(() => meanSquare(prepared(student, options), prepared(stopGradient(teacher), options)))
