/** The logits a report is computed from: finds the right file, reads it and cuts it to the rows that are measured. */
import type { Arm } from '../../src/domain/words.ts'
import type { MeasuredLogits } from '../trainer-contract.ts'
import { MeasurementError } from './measurement-error.ts'

export type ReadFile = (path: string) => Uint8Array

/** Little-endian four-byte elements need an aligned buffer. */
const aligned = (bytes: Uint8Array): Uint8Array =>
  bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes)

/**
 * Labels of a file, `[rows]`.
 *
 * @throws MeasurementError when the file has not one int32 a row
 */
export function readLabels(read: ReadFile, path: string, rows: number): Int32Array {
  const bytes = aligned(read(path))
  if (bytes.length !== rows * 4)
    throw new MeasurementError(
      'labels-size',
      `${path} has ${bytes.length} bytes; ${rows} rows need ${rows * 4}`,
    )
  return new Int32Array(bytes.buffer, bytes.byteOffset, rows)
}

/**
 * Logits of a file, `[rows, classes]`.
 *
 * @throws MeasurementError when the file has not that many float32
 */
export function readLogits(
  read: ReadFile,
  path: string,
  rows: number,
  classes: number,
): Float32Array {
  const bytes = aligned(read(path))
  if (bytes.length !== rows * classes * 4)
    throw new MeasurementError(
      'logits-size',
      `${path} has ${bytes.length} bytes; ${rows} rows of ${classes} float32 logits need ${rows * classes * 4}`,
    )
  return new Float32Array(bytes.buffer, bytes.byteOffset, rows * classes)
}

/** Some rows of `[rows, classes]`. */
export function cut(logits: Float32Array, classes: number, rows: Uint32Array): Float32Array {
  const part = new Float32Array(rows.length * classes)
  for (const [index, row] of rows.entries())
    part.set(logits.subarray(row * classes, (row + 1) * classes), index * classes)
  return part
}

/** What is measured: the held-out rows of a fold (of the final: null), or the test set. */
export type MeasuredRows =
  | {
      readonly kind: 'held-out'
      readonly indices: Uint32Array
      /** Rows of the whole dataset. */
      readonly of: number
    }
  | { readonly kind: 'test-set'; readonly count: number }

export interface Wanted {
  readonly arm: Arm
  /** Which member or assistant; absent for other arms. */
  readonly index?: number
  /** Of the measurement; null: the final. */
  readonly fold: number | null
  /** Fold whose task made the logits: other than `fold` for a teacher that all folds share. */
  readonly trainedFor: number | null
  readonly rows: MeasuredRows
  readonly classes: number
}

/**
 * Logits `[measured rows, classes]` of one arm.
 *
 * @throws MeasurementError when no file has them or it has not the expected size
 */
export function armLogits(
  files: readonly MeasuredLogits[],
  read: ReadFile,
  { arm, index, fold, trainedFor, rows, classes }: Wanted,
): Float32Array {
  const find = (covers: MeasuredLogits['covers']): string | undefined =>
    files.find(
      (file) =>
        file.arm === arm &&
        file.index === index &&
        file.fold === trainedFor &&
        file.covers === covers,
    )?.path
  if (rows.kind === 'test-set') {
    const path = find('test-set')
    if (path !== undefined) return readLogits(read, path, rows.count, classes)
  } else {
    const path = fold === trainedFor ? find('held-out') : undefined
    if (path !== undefined) return readLogits(read, path, rows.indices.length, classes)
    const all = find('all')
    if (all !== undefined)
      return cut(readLogits(read, all, rows.of, classes), classes, rows.indices)
  }
  const where = fold === null ? 'the final' : `fold ${fold}`
  throw new MeasurementError(
    'logits-missing',
    `no logits of the ${arm} on the ${rows.kind} rows of ${where}`,
  )
}

/**
 * Logits `[dataset rows, classes]` of the teacher that was trained for a fold (the final: null); null where they were not
 * kept.
 *
 * @throws MeasurementError when the file has not the expected size
 */
export function teacherLogits(
  files: readonly MeasuredLogits[],
  read: ReadFile,
  trainedFor: number | null,
  rows: number,
  classes: number,
): Float32Array | null {
  const file = files.find(
    ({ arm, fold, covers }) => arm === 'teacher' && fold === trainedFor && covers === 'all',
  )
  return file ? readLogits(read, file.path, rows, classes) : null
}
