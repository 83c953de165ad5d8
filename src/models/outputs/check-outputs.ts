/** Outputs of a teacher as logits: every row is looked at while it passes. */
import { npyHeader } from '../../domain/npy-header.ts'
import { ModelError } from '../model-error.ts'
import type { Matrix } from './npy.ts'

/** What uploaded numbers are. */
export const OUTPUT_KINDS = ['logits', 'probabilities'] as const
export type OutputKind = (typeof OUTPUT_KINDS)[number]

/**
 * A probability below this counts as this: its logarithm, -16.1, stays finite. Softmax of the logarithms gives the
 * probabilities back, and the temperature of soft targets applies to them as to any logits.
 */
export const SMALLEST_PROBABILITY = 1e-7
/** How far the sum of a row may be from 1: rows of float16 with many classes are that far off. */
const SUM_TOLERANCE = 1e-3
/** Softmax in float32 exceeds 1 by that much. */
const ROUNDING = 1e-6

export interface OutputCheck {
  /** Whether every row so far was in [0, 1] and summed to 1, whatever it was said to be. */
  looksLikeProbabilities: boolean
}

/**
 * The file that is kept, in pieces: .npy of float32 logits. Mistakes show only while reading, so the whole must be read
 * before any of it is kept.
 *
 * @param where name of the array, for messages
 * @throws ModelError that names row and column, from 0
 */
export async function* logitsFile(
  { rows, columns, numbers }: Matrix,
  kind: OutputKind,
  where: string,
  check: OutputCheck,
): AsyncGenerator<Uint8Array> {
  yield npyHeader(rows, columns)
  let index = 0
  let sum = 0
  for await (const part of numbers()) {
    for (const [at, value] of part.entries()) {
      const column = index % columns
      const row = (index - column) / columns
      if (!Number.isFinite(value))
        throw new ModelError(
          'output-not-finite',
          `${where}: row ${row}, column ${column} is ${value} in float32: every output must be finite`,
        )
      const isProbability = value >= -ROUNDING && value <= 1 + ROUNDING
      if (!isProbability) check.looksLikeProbabilities = false
      sum = column === 0 ? value : sum + value
      const isOff = column === columns - 1 && Math.abs(sum - 1) > SUM_TOLERANCE
      if (isOff) check.looksLikeProbabilities = false
      if (kind === 'probabilities') {
        if (!isProbability)
          throw new ModelError(
            'probability-out-of-range',
            `${where}: row ${row}, column ${column} is ${value}: a probability is from 0 to 1; say represents=logits if these are logits`,
          )
        if (isOff)
          throw new ModelError(
            'probabilities-do-not-sum-to-one',
            `${where}: row ${row} sums to ${sum}: the probabilities of a row must sum to 1 within ${SUM_TOLERANCE}`,
          )
        part[at] = Math.log(Math.min(Math.max(value, SMALLEST_PROBABILITY), 1))
      }
      index++
    }
    yield new Uint8Array(part.buffer, part.byteOffset, part.byteLength)
  }
}
