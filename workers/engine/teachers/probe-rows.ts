/** Rows of zeros, on which a model of another framework is tried, and what it must answer. */
import type { ForeignGraph } from '../../../src/domain/foreign-graph.ts'
import { elements, sameShape, showShape } from '../../../src/domain/network.ts'
import { InputError } from '../input-error.ts'

/** More than one, so that a model with the batch of its example written into it is found out. */
const ROWS = 2

export function zeroRows({ input }: ForeignGraph): { rows: number; values: Float32Array } {
  const rows = input.batchRows ?? ROWS
  return { rows, values: new Float32Array(rows * elements(input.shape)) }
}

/** @throws InputError when the shape is not `[rows, classes]` */
export function checkProbed(
  { classes }: ForeignGraph,
  rows: number,
  shape: readonly number[],
): void {
  if (!sameShape(shape, [rows, classes]))
    throw new InputError(
      'output-is-not-classes',
      `for ${rows} rows the model gives ${showShape(shape)}, not ${showShape([rows, classes])}: export it with the batch left open, or with a batch of 1`,
    )
}
