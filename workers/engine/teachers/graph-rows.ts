/** Rows of a dataset through a graph of another framework: batch by batch, in the order of axes that the graph takes. */
import { setImmediate } from 'node:timers/promises'
import type { ForeignGraph, ForeignInput } from '../../../src/domain/foreign-graph.ts'
import { elements, sameShape, showShape } from '../../../src/domain/network.ts'
import type { DatasetFiles } from '../../trainer-contract.ts'
import type { Rows } from '../datasets.ts'
import { gatherFeatures } from '../gather.ts'
import { InputError } from '../input-error.ts'
import type { FittedNormalization } from '../normalization.ts'

/** Rows at once where the graph leaves it open; an image of 224 x 224 x 3 takes 38 MB of them. */
const BATCH_ROWS = 64

/** float32 `shape`, row-major, without the batch axis. */
export interface Values {
  readonly shape: readonly number[]
  readonly values: Float32Array
}

/** One batch: `values` is `[rows, …input.shape]`; gives the wanted tensors, batch axis first. */
export type RunBatch = (
  values: Float32Array,
  rows: number,
) => Promise<readonly { readonly shape: readonly number[]; readonly values: Float32Array }[]>

/** @throws InputError when rows or classes are not what the graph is for */
export function checkRows(graph: ForeignGraph, { inputShape, classes }: DatasetFiles): void {
  if (!sameShape(graph.inputShape, inputShape) || graph.classes !== classes)
    throw new InputError(
      'model-does-not-fit',
      `the model takes rows of ${showShape(graph.inputShape)} and knows ${graph.classes} classes, but the dataset has rows of ${showShape(inputShape)} and ${classes} classes`,
    )
}

/** `[rows, height, width, channels]` to `[rows, channels, height, width]`. */
function toChannelsFirst(values: Float32Array, rows: number, shape: readonly number[]) {
  const [channels = 1, height = 1, width = 1] = shape
  const pixels = height * width
  const moved = new Float32Array(values.length)
  let source = 0
  for (let row = 0; row < rows; row++)
    for (let pixel = 0; pixel < pixels; pixel++)
      for (let channel = 0; channel < channels; channel++)
        moved[(row * channels + channel) * pixels + pixel] = values[source++] as number
  return moved
}

const arrange = (values: Float32Array, rows: number, { layout, shape }: ForeignInput) =>
  layout === 'channels-first' ? toChannelsFirst(values, rows, shape) : values

/**
 * The wanted tensors of every row, the logits first.
 * @param wanted names of the tensors, for messages
 * @throws InputError when a tensor has another number of rows, or logits are not finite; the reason of the signal when
 * aborted, between two batches
 */
export async function runRows(
  graph: ForeignGraph,
  data: Rows,
  normalization: FittedNormalization | null,
  wanted: readonly string[],
  run: RunBatch,
  signal: AbortSignal,
): Promise<Values[]> {
  const { input } = graph
  const width = elements(input.shape)
  const size = input.batchRows ?? BATCH_ROWS
  const results: { shape: readonly number[]; values: Float32Array }[] = []
  for (let start = 0; start < data.count; start += size) {
    signal.throwIfAborted()
    const rows = Math.min(size, data.count - start)
    const chosen = Uint32Array.from({ length: rows }, (_, index) => start + index)
    // A graph made for a fixed number of rows gets that many; what comes of the empty ones is dropped.
    const batch = new Float32Array((input.batchRows ?? rows) * width)
    batch.set(arrange(gatherFeatures(data, chosen, normalization), rows, input))
    const tensors = await run(batch, input.batchRows ?? rows)
    for (const [index, { shape, values }] of tensors.entries()) {
      const [given, ...rest] = shape
      if (given !== (input.batchRows ?? rows))
        throw new InputError(
          'model-output-not-by-row',
          `tensor ${wanted[index]} of the model has the shape ${showShape(shape)} for a batch of ${input.batchRows ?? rows} rows: its first axis must be the rows`,
        )
      const numbers = elements(rest)
      results[index] ??= { shape: rest, values: new Float32Array(data.count * numbers) }
      results[index].values.set(values.subarray(0, rows * numbers), start * numbers)
    }
    await setImmediate()
  }
  checkLogits(graph, results[0])
  return results
}

function checkLogits({ classes, output }: ForeignGraph, logits: Values | undefined): void {
  if (!logits) return
  if (!sameShape(logits.shape, [classes]))
    throw new InputError(
      'model-output-not-classes',
      `tensor ${output} of the model has ${showShape(logits.shape)} numbers a row, but there are ${classes} classes`,
    )
  const bad = logits.values.findIndex((value) => !Number.isFinite(value))
  if (bad >= 0)
    throw new InputError(
      'logits-not-finite',
      `the model answers row ${Math.floor(bad / classes)} with ${logits.values[bad]} for class ${bad % classes}: does it expect other values, for example pixels divided by 255? Give inputMean and inputStandardDeviation with the upload`,
    )
}
