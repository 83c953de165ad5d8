/**
 * Layer normalization over the last axis (Ba et al. 2016, equations 3 and 4): `y = γ (x − μ) / √(σ² + ε) + β` with the mean
 * and the variance (divisor n) of each vector by itself, the same in training and outside.
 */
import type { Layer } from '../../../src/domain/network.ts'
import { tf } from '../tensorflow.ts'
import type { LayerWeights } from './layer-weights.ts'

export function layerNormalization(
  layer: Extract<Layer, { type: 'layerNormalization' }>,
  weights: LayerWeights,
  input: tf.Tensor,
): tf.Tensor {
  const centred = tf.sub(input, tf.mean(input, -1, true))
  const variance = tf.mean(tf.square(centred), -1, true)
  const normal = tf.mul(centred, tf.rsqrt(tf.add(variance, layer.epsilon)))
  return tf.add(tf.mul(normal, weights('gamma')), weights('beta'))
}
