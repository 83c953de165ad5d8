/** What a trained network answers. */
import { setImmediate } from 'node:timers/promises'
import { elements, type Network, outputShape } from '../../src/domain/network.ts'
import { CannotCompile } from './compile/cannot-compile.ts'
import { compiledForward } from './compile/compiled-forward.ts'
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

/** With fewer batches, recording and loading a graph takes longer than it saves. */
const FEWEST_BATCHES = 4

/** Answers one batch of at most `size` rows. */
export interface Forward extends Disposable {
  run(features: Float32Array, rows: number): Float32Array
}

export function eagerForward(network: Network, arrays: readonly NamedArray[]): Forward {
  const weights = upload(arrays)
  return {
    run: (features, rows) =>
      tf.tidy(() => {
        const inputs = tf.tensor(features, [rows, ...network.inputShape], 'float32')
        const { logits } = apply(network, weights, inputs, { training: false })
        return logits.dataSync() as Float32Array
      }),
    [Symbol.dispose]: () => tf.dispose(weights as tf.TensorContainer),
  }
}

/** A graph has one size of batch: the last one is filled up with zeros, whose answers are dropped. */
function graphForward(network: Network, arrays: readonly NamedArray[], size: number): Forward {
  const forward = compiledForward(network, arrays, size)
  const width = elements(network.inputShape)
  const classes = elements(outputShape(network))
  return {
    run(features, rows) {
      if (rows === size) return forward.run(features)
      const filled = new Float32Array(size * width)
      filled.set(features)
      return forward.run(filled).subarray(0, rows * classes)
    },
    [Symbol.dispose]: () => forward[Symbol.dispose](),
  }
}

function chooseForward(
  network: Network,
  arrays: readonly NamedArray[],
  size: number,
  rows: number,
): Forward {
  if (rows < FEWEST_BATCHES * size) return eagerForward(network, arrays)
  try {
    return graphForward(network, arrays, size)
  } catch (error) {
    if (!(error instanceof CannotCompile)) throw error
    return eagerForward(network, arrays)
  }
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
  using forward = chooseForward(network, arrays, size, chosen.length)
  for (let start = 0; start < chosen.length; start += size) {
    signal.throwIfAborted()
    const batch = chosen.subarray(start, start + size)
    const features = gatherFeatures(data, batch, normalization)
    result.set(forward.run(features, batch.length), start * classes)
    await setImmediate()
  }
  return result
}

/** Every row of a dataset, in order. */
export const allRows = (data: Rows): Uint32Array =>
  Uint32Array.from({ length: data.count }, (_, row) => row)
