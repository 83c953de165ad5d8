/**
 * Datasets in memory, in the type they have on disk: an image of bytes stays bytes. Knows files and rows; which rows
 * are used is decided elsewhere.
 */
import { open } from 'node:fs/promises'
import { elements, type Shape } from '../../src/domain/network.ts'
import type { DatasetFiles } from '../trainer-contract.ts'
import { InputError } from './input-error.ts'

export interface Rows {
  readonly count: number
  /** Of one row. */
  readonly shape: Shape
  /** Numbers in one row. */
  readonly width: number
  /** `[count, width]`, row-major. */
  readonly values: Uint8Array | Float32Array
}

export interface LabelledRows extends Rows {
  readonly classes: number
  /** Class index of each row. */
  readonly labels: Int32Array
}

/** From here on features lie in shared memory, so that another thread can gather rows of them. */
const SHARED_BYTES = 64 * 2 ** 20

/** A file read into memory that starts at an aligned address. */
async function readBytes(
  path: string,
  wantedBytes: number,
  what: string,
  headerBytes = 0,
  isShared = false,
): Promise<ArrayBufferLike> {
  await using file = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    throw new InputError('file-missing', `there is no file of ${what} at ${path}`)
  })
  const { size } = await file.stat()
  if (size !== headerBytes + wantedBytes)
    throw new InputError(
      'file-length',
      `the file of ${what} has ${size} bytes but its shape needs ${headerBytes + wantedBytes}: ${path}`,
    )
  const buffer = isShared ? new SharedArrayBuffer(wantedBytes) : new ArrayBuffer(wantedBytes)
  for (let offset = 0; offset < wantedBytes; ) {
    const { bytesRead } = await file.read(
      new Uint8Array(buffer, offset, wantedBytes - offset),
      0,
      wantedBytes - offset,
      headerBytes + offset,
    )
    if (bytesRead === 0) throw new Error(`${path} became shorter while it was read`)
    offset += bytesRead
  }
  return buffer
}

/**
 * Reads a float32 matrix, for example the logits of a teacher.
 * @param headerBytes that come before the numbers
 * @throws InputError when the file is missing or its length is not `rows * columns` numbers.
 */
export const readMatrix = async (
  path: string,
  rows: number,
  columns: number,
  what: string,
  headerBytes = 0,
): Promise<Float32Array> =>
  new Float32Array(await readBytes(path, 4 * rows * columns, what, headerBytes))

/** @throws InputError when the file is missing, has another length, or holds a class that there is not. */
export async function readLabels(files: DatasetFiles): Promise<Int32Array> {
  const { rows, classes, labelsPath } = files
  const labels = new Int32Array(await readBytes(labelsPath, 4 * rows, 'labels'))
  const row = labels.findIndex((label) => label < 0 || label >= classes)
  if (row >= 0)
    throw new InputError(
      'label-out-of-range',
      `row ${row} has class ${labels[row]} but classes go from 0 to ${classes - 1}`,
    )
  return labels
}

/** Group of each row; null where the task has none. */
export const readGroups = async ({ rows, groupsPath }: DatasetFiles): Promise<Int32Array | null> =>
  groupsPath === undefined ? null : new Int32Array(await readBytes(groupsPath, 4 * rows, 'groups'))

function checkFinite(values: Float32Array, width: number): void {
  const index = values.findIndex((value) => !Number.isFinite(value))
  if (index >= 0)
    throw new InputError(
      'feature-not-finite',
      `row ${Math.floor(index / width)}, feature ${index % width} is ${values[index]}`,
    )
}

/** @throws InputError when a file is missing or its length, a label or a feature cannot be. */
export async function readDataset(files: DatasetFiles): Promise<LabelledRows> {
  const { rows, inputShape, classes, featureType } = files
  const width = elements(inputShape)
  const bytes = rows * width * (featureType === 'uint8' ? 1 : 4)
  const isShared = bytes > SHARED_BYTES
  const features = await readBytes(files.featuresPath, bytes, 'features', 0, isShared)
  const values = featureType === 'uint8' ? new Uint8Array(features) : new Float32Array(features)
  if (values instanceof Float32Array) checkFinite(values, width)
  const labels = await readLabels(files)
  return { count: rows, shape: inputShape, width, values, classes, labels }
}
