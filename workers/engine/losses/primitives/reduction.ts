/** How losses on single responses are brought together. */
import { tf } from '../../tensorflow.ts'

/** `mean` over all entries; `batch-sum`: summed over the entries of a row, averaged over rows, as the papers do. */
export type Reduction = 'mean' | 'batch-sum'

/** @param perEntry `[batch, …]` */
export function reduce(perEntry: tf.Tensor, reduction: Reduction): tf.Scalar {
  switch (reduction) {
    case 'mean':
      return tf.mean(perEntry) as tf.Scalar
    case 'batch-sum':
      return tf.mul(tf.sum(perEntry), 1 / (perEntry.shape[0] || 1)) as tf.Scalar
  }
}
