/** Layers that multiply by a kernel and add a bias. */
import type { Layer } from '../../../src/domain/network.ts'
import { addBias, matMul } from '../native-ops.ts'
import { tf } from '../tensorflow.ts'
import { activate } from './activations.ts'
import type { LayerWeights } from './layer-weights.ts'

/** `[batch, in]` times kernel `[in, out]`. */
export function dense(
  layer: Extract<Layer, { type: 'dense' }>,
  weights: LayerWeights,
  input: tf.Tensor,
): tf.Tensor {
  const product = matMul(input, weights('kernel'))
  return activate(layer.activation, layer.useBias ? addBias(product, weights('bias')) : product)
}

/** `[batch, height, width, in]` correlated with kernel `[height, width, in, out]` (not flipped). */
export function conv2d(
  layer: Extract<Layer, { type: 'conv2d' }>,
  weights: LayerWeights,
  input: tf.Tensor,
): tf.Tensor {
  const kernel = weights('kernel') as tf.Tensor4D
  const result = tf.conv2d(input as tf.Tensor4D, kernel, [...layer.strides], layer.padding)
  return activate(layer.activation, layer.useBias ? addBias(result, weights('bias')) : result)
}
