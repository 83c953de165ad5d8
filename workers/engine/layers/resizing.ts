/** Layers that make an image `[batch, height, width, channels]` larger. */
import type { Layer } from '../../../src/domain/network.ts'
import { tf } from '../tensorflow.ts'

/** Puts pixels of 0 around the image. */
export const zeroPadding2d = (
  { padding }: Extract<Layer, { type: 'zeroPadding2d' }>,
  input: tf.Tensor,
): tf.Tensor => tf.pad(input, [[0, 0], [...padding[0]], [...padding[1]], [0, 0]])

/** Repeats rows and columns. A product with ones, because its gradient, a sum, is the same in every run. */
export function upSampling2d(
  { size }: Extract<Layer, { type: 'upSampling2d' }>,
  input: tf.Tensor,
): tf.Tensor {
  const [batch = 0, height = 1, width = 1, channels = 1] = input.shape
  const apart = tf.reshape(input, [batch, height, 1, width, 1, channels])
  const repeated = tf.mul(apart, tf.ones([1, 1, size[0], 1, size[1], 1]))
  return tf.reshape(repeated, [batch, height * size[0], width * size[1], channels])
}
