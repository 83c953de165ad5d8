/** Layers that multiply by a kernel and add a bias. */
import type { ImageLayer, Layer } from '../../../src/domain/network.ts'
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

type Convolution = Extract<ImageLayer, { kernelSize: unknown }>

const finish = (layer: Convolution, weights: LayerWeights, result: tf.Tensor): tf.Tensor =>
  activate(layer.activation, layer.useBias ? addBias(result, weights('bias')) : result)

/** `[batch, height, width, in]` correlated with kernel `[height, width, in, out]` (not flipped). */
export function conv2d(
  layer: Extract<Layer, { type: 'conv2d' }>,
  weights: LayerWeights,
  input: tf.Tensor,
): tf.Tensor {
  const kernel = weights('kernel') as tf.Tensor4D
  const result = tf.conv2d(input as tf.Tensor4D, kernel, [...layer.strides], layer.padding)
  return finish(layer, weights, result)
}

const eachChannel = (
  layer: Exclude<Convolution, { type: 'conv2d' }>,
  weights: LayerWeights,
  input: tf.Tensor,
): tf.Tensor =>
  tf.depthwiseConv2d(
    input as tf.Tensor4D,
    weights('depthwiseKernel') as tf.Tensor4D,
    [...layer.strides],
    layer.padding,
  )

/** Each channel correlated with kernels `[height, width, in, multiplier]` of its own: `in · multiplier` channels. */
export const depthwiseConv2d = (
  layer: Extract<Layer, { type: 'depthwiseConv2d' }>,
  weights: LayerWeights,
  input: tf.Tensor,
): tf.Tensor => finish(layer, weights, eachChannel(layer, weights, input))

/** A depthwise convolution, then kernel `[1, 1, in · multiplier, out]`. */
export function separableConv2d(
  layer: Extract<Layer, { type: 'separableConv2d' }>,
  weights: LayerWeights,
  input: tf.Tensor,
): tf.Tensor {
  const channels = eachChannel(layer, weights, input) as tf.Tensor4D
  const mixed = tf.conv2d(channels, weights('pointwiseKernel') as tf.Tensor4D, 1, 'valid')
  return finish(layer, weights, mixed)
}
