/** Reads a pair of IDX files, the format of MNIST, as a dataset: in one pass and with flat memory. */
import type { Shape } from '../domain/network.ts'
import { ByteSource } from './byte-source.ts'
import { ClassTable } from './class-table.ts'
import { DatasetError } from './dataset-error.ts'
import { FeatureBuffer } from './feature-buffer.ts'
import { type IdxHeader, idxData, readIdxHeader } from './idx-header.ts'
import { inflateIfGzip } from './inflate.ts'
import {
  finishDataset,
  MAX_FEATURES,
  type ParsedDataset,
  requireTwoClasses,
} from './parsed-dataset.ts'
import { Profile } from './profile.ts'
import type { FeatureSink } from './sink.ts'

export interface IdxOptions {
  readonly maxRows: number
  /** Of the data of one file, after gzip. */
  readonly maxBytes: number
  readonly signal?: AbortSignal | undefined
}

export interface IdxFiles {
  /** Rank 2 `[rows, features]`, 3 `[rows, height, width]` or 4 `[rows, height, width, channels]`. */
  readonly images: AsyncIterable<Uint8Array>
  /** Rank 1, of an integer type. */
  readonly labels: AsyncIterable<Uint8Array>
}

/** Most that a header takes, and that a gzip file may inflate to beyond its data. */
const HEADER_BYTES = 20
/** Elements that are converted before the sink is asked again. */
const PIECE_ELEMENTS = 262_144

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.length)

/** Opens one file, gives its header and data to `use`, and closes it. */
async function withFile<Result>(
  source: AsyncIterable<Uint8Array>,
  file: 'images' | 'labels',
  { maxBytes, signal }: IdxOptions,
  use: (header: IdxHeader, data: AsyncIterable<Uint8Array>) => Promise<Result>,
): Promise<Result> {
  const raw = new ByteSource(source, signal)
  try {
    const bytes = await inflateIfGzip(raw, maxBytes + HEADER_BYTES, file, signal)
    try {
      const header = await readIdxHeader(bytes, file, maxBytes)
      return await use(header, idxData(bytes, header))
    } finally {
      bytes.close()
    }
  } finally {
    raw.close()
  }
}

function checkRows(rows: number, file: string, maxRows: number): void {
  if (rows > maxRows)
    throw new DatasetError(
      'too-many-rows',
      `the ${file} file declares ${rows} rows, at most ${maxRows} are allowed`,
    )
}

async function readLabels(
  { type, dimensions }: IdxHeader,
  data: AsyncIterable<Uint8Array>,
  maxRows: number,
): Promise<ClassTable> {
  const [rows = 0] = dimensions
  if (dimensions.length !== 1)
    throw new DatasetError(
      'wrong-rank',
      `the labels file has rank ${dimensions.length}, labels have rank 1: are images and labels swapped?`,
    )
  if (!type.integer)
    throw new DatasetError(
      'wrong-type',
      `the labels file holds ${type.name}, labels are integers: a regression target cannot be a class`,
    )
  checkRows(rows, 'labels', maxRows)
  const classes = new ClassTable()
  for await (const chunk of data) {
    const view = viewOf(chunk)
    for (let offset = 0; offset < chunk.length; offset += type.bytes) {
      const label = type.read(view, offset)
      const row = classes.rows + 1
      if (label < 0)
        throw new DatasetError('negative-label', `label ${row} is ${label}: labels are 0 or more`, {
          row,
        })
      classes.add(String(label), { row })
    }
  }
  return classes
}

function shapeOf({ dimensions }: IdxHeader): Shape {
  const [, ...row] = dimensions
  if (row.length === 0)
    throw new DatasetError(
      'wrong-rank',
      'the images file has rank 1, images have rank 2, 3 or 4: are images and labels swapped?',
    )
  const features = row.reduce((product, size) => product * size, 1)
  if (features > MAX_FEATURES)
    throw new DatasetError(
      'too-many-features',
      `an image of ${row.join(' x ')} has ${features} numbers, at most ${MAX_FEATURES} are allowed`,
    )
  return row.length === 2 ? [...row, 1] : row
}

async function copyBytes(
  data: AsyncIterable<Uint8Array>,
  sink: FeatureSink,
  profile: Profile,
): Promise<void> {
  for await (const chunk of data) {
    profile.add(chunk)
    await sink.write(chunk)
  }
}

async function convert(
  { type }: IdxHeader,
  features: number,
  data: AsyncIterable<Uint8Array>,
  buffer: FeatureBuffer,
): Promise<void> {
  let index = 0
  for await (const chunk of data) {
    const view = viewOf(chunk)
    for (let offset = 0; offset < chunk.length; offset += type.bytes) {
      const value = type.read(view, offset)
      if (!Number.isFinite(Math.fround(value))) {
        const row = Math.floor(index / features) + 1
        throw new DatasetError(
          Number.isFinite(value) ? 'out-of-range' : 'not-finite',
          `image ${row}, number ${(index % features) + 1}: ${value} is not a finite float32`,
          { row },
        )
      }
      buffer.push(value)
      index++
      if (index % PIECE_ELEMENTS === 0) await buffer.drain()
    }
    await buffer.drain()
  }
  await buffer.finish()
}

/**
 * Reads labels, then images; each may be gzip. Classes are the sorted distinct labels, and their names are the decimal
 * digits. uint8 stays uint8; all other types become float32.
 * A source that was begun is closed, also at an error; images are not begun when the labels are bad.
 *
 * @throws DatasetError for anything that is not such a pair
 */
export async function readIdx(
  files: IdxFiles,
  options: IdxOptions,
  sink: FeatureSink,
): Promise<ParsedDataset> {
  const { maxRows } = options
  const classes = await withFile(files.labels, 'labels', options, (header, data) =>
    readLabels(header, data, maxRows),
  )
  requireTwoClasses(classes)
  return await withFile(files.images, 'images', options, async (header, data) => {
    const inputShape = shapeOf(header)
    const [rows = 0] = header.dimensions
    if (rows !== classes.rows)
      throw new DatasetError(
        'count-mismatch',
        `there are ${rows} images but ${classes.rows} labels: each image needs one label`,
      )
    const profile = new Profile()
    const isBytes = header.type.name === 'uint8'
    const features = inputShape.reduce((product, size) => product * size, 1)
    if (isBytes) await copyBytes(data, sink, profile)
    else await convert(header, features, data, new FeatureBuffer(sink, profile))
    return finishDataset(inputShape, isBytes ? 'uint8' : 'float32', classes, {
      ...profile.finish(),
      featureNames: null,
    })
  })
}
