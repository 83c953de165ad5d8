/**
 * Batch normalization over the last axis (Ioffe & Szegedy 2015, algorithm 1):
 * `y = γ (x − μ) / √(σ² + ε) + β`. In training μ and σ² are those of the batch (σ² with divisor n), outside they are
 * moving averages, `average = momentum · average + (1 − momentum) · batch`, as in Keras; PyTorch calls
 * `1 − momentum` the momentum and takes the divisor n − 1 for its moving variance.
 */
import type { Layer } from '../../../src/domain/network.ts'
import { normalizeBatch } from '../native-batch-norm.ts'
import { tf } from '../tensorflow.ts'
import type { LayerWeights } from './layer-weights.ts'

type BatchNormalization = Extract<Layer, { type: 'batchNormalization' }>

const scaleAndShift = (
  centred: tf.Tensor,
  variance: tf.Tensor,
  epsilon: number,
  weights: LayerWeights,
): tf.Tensor => {
  const scale = tf.mul(tf.rsqrt(tf.add(variance, epsilon)), weights('gamma'))
  return tf.add(tf.mul(centred, scale), weights('beta'))
}

const moved = (average: tf.Tensor, batch: tf.Tensor, momentum: number): tf.Tensor =>
  tf.add(average, tf.mul(tf.sub(batch, average), 1 - momentum))

/** Normalises by the batch; returns the new moving averages beside the output. */
export function normalizeInTraining(
  layer: BatchNormalization,
  weights: LayerWeights,
  input: tf.Tensor,
): { output: tf.Tensor; movingMean: tf.Tensor; movingVariance: tf.Tensor } {
  const channels = input.shape.at(-1) ?? 1
  const image = input.rank === 4 ? input : tf.reshape(input, [-1, 1, 1, channels])
  const { output, mean, variance } = normalizeBatch(
    image as tf.Tensor4D,
    weights('gamma'),
    weights('beta'),
    layer.epsilon,
  )
  return {
    output: input.rank === 4 ? output : tf.reshape(output, input.shape),
    movingMean: moved(weights('movingMean'), mean, layer.momentum),
    movingVariance: moved(weights('movingVariance'), variance, layer.momentum),
  }
}

/** Normalises by the moving averages. */
export const normalizeByAverages = (
  layer: BatchNormalization,
  weights: LayerWeights,
  input: tf.Tensor,
): tf.Tensor =>
  scaleAndShift(
    tf.sub(input, weights('movingMean')),
    weights('movingVariance'),
    layer.epsilon,
    weights,
  )
