/** Stages of a student fused from the deepest to the earliest: attention-based fusion, ABF (Chen et al. 2021). */

import { normalizeBatch } from '../../native-batch-norm.ts'
import { addBias, matMul } from '../../native-ops.ts'
import { tf } from '../../tensorflow.ts'
import { reshapeLast } from './reshape-last.ts'
import { enlargeTo } from './spatial.ts'

/** As PyTorch's `BatchNorm2d` has it. */
const EPSILON = 1e-5

/** A trained weight of a stage, by what it is for: see `src/domain/methods/fusion-weights.ts`. */
export type StageWeights = (name: string) => tf.Tensor

const normalized = (map: tf.Tensor4D, name: string, weights: StageWeights): tf.Tensor4D =>
  normalizeBatch(map, weights(`${name}-gamma`), weights(`${name}-beta`), EPSILON).output

/** How much of the stage itself and of what is deeper is taken at each position: both `[batch, height, width, 1]`, in (0, 1). */
function shares(own: tf.Tensor4D, deeper: tf.Tensor4D, weights: StageWeights): tf.Tensor[] {
  const both = tf.concat([own, deeper], 3)
  const logits = reshapeLast(both, (rows) =>
    addBias(matMul(rows, weights('attention-kernel')), weights('attention-bias')),
  )
  return tf.split(tf.sigmoid(logits), 2, 3)
}

/**
 * For each stage: x = BN(F W), in the channels that all stages are fused in; x ← a₁ x + a₂ y, with y the deeper x enlarged to
 * its size, and a = sigmoid([x, y] A + b) at each position; what is compared is BN(conv₃ₓ₃ x), as wide as the teacher.
 * Normalization is by the batch. No activation, as in the authors' code.
 *
 * @param maps   of the student, `[batch, height, width, channels]`, the earliest first
 * @param weights of each of them
 * @returns the fused maps in the same order, each of the size of its own
 */
export function fuseStages(
  maps: readonly tf.Tensor4D[],
  weights: (stage: number) => StageWeights,
): tf.Tensor4D[] {
  const fused: tf.Tensor4D[] = []
  let deeper: tf.Tensor4D | null = null
  for (let stage = maps.length - 1; stage >= 0; stage--) {
    const map = maps[stage] as tf.Tensor4D
    const of = weights(stage)
    const reduced = reshapeLast(map, (rows) => matMul(rows, of('reduce-kernel')))
    let own = normalized(reduced as tf.Tensor4D, 'reduce', of)
    if (deeper) {
      const enlarged = enlargeTo(deeper, own.shape[1], own.shape[2])
      const [ofOwn, ofDeeper] = shares(own, enlarged, of) as [tf.Tensor, tf.Tensor]
      own = tf.add(tf.mul(own, ofOwn), tf.mul(enlarged, ofDeeper))
    }
    deeper = own
    const wide = tf.conv2d(own, of('expand-kernel') as tf.Tensor4D, 1, 'same')
    fused.unshift(normalized(wide, 'expand', of))
  }
  return fused
}
