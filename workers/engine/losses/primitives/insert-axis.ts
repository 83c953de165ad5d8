/** Room for broadcasting. */
import { tf } from '../../tensorflow.ts'

/**
 * An axis of length 1 before `axis`; −1 puts it last. tfjs-node's own expandDims leaves out the type of its numbers, which a
 * graph has to know.
 */
export function insertAxis(x: tf.Tensor, axis: number): tf.Tensor {
  const place = axis < 0 ? x.rank + 1 + axis : axis
  return tf.reshape(x, x.shape.toSpliced(place, 0, 1))
}
