/** Edges of a plane. */
import { tf } from '../../tensorflow.ts'

/** `[1, size, size]`: the weights of the entries before, at and after each, with entries beyond the border repeated. */
function stencil(size: number, weights: readonly [number, number, number]): tf.Tensor3D {
  const matrix = tf.buffer([1, size, size])
  for (let index = 0; index < size; index++)
    for (const [place, weight] of weights.entries()) {
      const from = Math.min(Math.max(index + place - 1, 0), size - 1)
      matrix.set(matrix.get(0, index, from) + weight, 0, index, from)
    }
  return matrix.toTensor() as tf.Tensor3D
}

/**
 * Sobel's derivatives along columns and along rows. The kernel is a smoothing (1, 2, 1) in one direction and a
 * difference (−1, 0, 1) in the other, so two products with small matrices do it, borders included.
 * @param planes `[batch, height, width]`
 * @returns x and y, each like `planes`
 */
export function sobel(planes: tf.Tensor3D): { x: tf.Tensor3D; y: tf.Tensor3D } {
  const [, height, width] = planes.shape
  const smooth = (size: number) => stencil(size, [1, 2, 1])
  const differ = (size: number) => stencil(size, [-1, 0, 1])
  const apply = (rows: tf.Tensor3D, columns: tf.Tensor3D) =>
    tf.matMul(tf.matMul(rows, planes), columns, false, true) as tf.Tensor3D
  return {
    x: apply(smooth(height), differ(width)),
    y: apply(differ(height), smooth(width)),
  }
}
