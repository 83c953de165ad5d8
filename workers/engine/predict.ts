/** What a trained network answers. */
import { setImmediate } from 'node:timers/promises'
import { elements, type Network, outputShape } from '../../src/domain/network.ts'
import type { Rows } from './datasets.ts'
import { apply } from './forward.ts'
import { gatherFeatures } from './gather.ts'
import type { FittedNormalization } from './normalization.ts'
import { tf } from './tensorflow.ts'
import { type NamedArray, upload } from './weights.ts'

/** Numbers that the largest layer may give for one batch: 32 MB in float32. */
const BATCH_ELEMENTS = 8_388_608
const MAX_BATCH_ROWS = 1024

function batchRows(network: Network): number {
  const sizes = network.layers.map(({ outputShape: shape }) => elements(shape))
  const largest = Math.max(elements(network.inputShape), ...sizes)
  return Math.min(MAX_BATCH_ROWS, Math.max(1, Math.floor(BATCH_ELEMENTS / largest)))
}

/**
 * Computes the logits of the chosen rows, `[chosen rows, classes]`, in their order.
 * @throws the reason of the signal when aborted, within a batch
 */
export async function predict(
  network: Network,
  arrays: readonly NamedArray[],
  data: Rows,
  chosen: Uint32Array,
  normalization: FittedNormalization | null,
  signal: AbortSignal,
): Promise<Float32Array> {
  const classes = elements(outputShape(network))
  const result = new Float32Array(chosen.length * classes)
  const size = batchRows(network)
  const weights = upload(arrays)
  try {
    for (let start = 0; start < chosen.length; start += size) {
      signal.throwIfAborted()
      const batch = chosen.subarray(start, start + size)
      const logits = tf.tidy(() => {
        const features = gatherFeatures(data, batch, normalization)
        const inputs = tf.tensor(features, [batch.length, ...data.shape], 'float32')
        return apply(network, weights, inputs, { training: false }).logits.dataSync()
      })
      result.set(logits, start * classes)
      await setImmediate()
    }
    return result
  } finally {
    tf.dispose(weights as tf.TensorContainer)
  }
}

/** Every row of a dataset, in order. */
export const allRows = (data: Rows): Uint32Array =>
  Uint32Array.from({ length: data.count }, (_, row) => row)
