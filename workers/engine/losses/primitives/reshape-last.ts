/** Operations of matrices for tensors of any rank. */
import { tf } from '../../tensorflow.ts'

/** Hands the tensor over as `[rows, last axis]`, and gives the result the other axes back. */
export function reshapeLast(x: tf.Tensor, operation: (rows: tf.Tensor2D) => tf.Tensor): tf.Tensor {
  const outer = x.shape.slice(0, -1)
  const last = x.shape.at(-1) ?? 1
  const result = operation(tf.reshape(x, [x.size / last, last]))
  return tf.reshape(result, [...outer, result.shape.at(-1) ?? 1])
}
