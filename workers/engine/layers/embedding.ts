/**
 * A table of vectors, one a token: `[batch, length]` token ids become `[batch, length, outputDim]`. The gradient of a row
 * of the table is the sum of what all places that read it get.
 */
import { lookUp } from '../native-ops.ts'
import { tf } from '../tensorflow.ts'
import type { LayerWeights } from './layer-weights.ts'

/** @param tokens float32, whole numbers from 0 that the table has a row for: checked before a batch is made of them */
export function embedding(weights: LayerWeights, tokens: tf.Tensor): tf.Tensor {
  const table = weights('embeddings')
  const found = lookUp(table, tf.cast(tf.reshape(tokens, [-1]), 'int32'))
  return tf.reshape(found, [...tokens.shape, table.shape[1] ?? 1])
}
