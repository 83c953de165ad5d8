import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type IdxOptions, readIdx } from '../../../src/datasets/idx.ts'
import { chunks, errorOf, MemorySink } from './reading.ts'

const OPTIONS: IdxOptions = { maxRows: 1000, maxBytes: 1e6 }

/** An IDX file; `values` are written by the DataView method of the type. */
const WRITERS = {
  uint8: [0x08, 1, 'setUint8'],
  int8: [0x09, 1, 'setInt8'],
  int16: [0x0b, 2, 'setInt16'],
  int32: [0x0c, 4, 'setInt32'],
  float32: [0x0d, 4, 'setFloat32'],
  float64: [0x0e, 8, 'setFloat64'],
} as const
type TypeName = keyof typeof WRITERS

function idx(type: TypeName, dimensions: readonly number[], values: readonly number[]): Buffer {
  const [code, size, set] = WRITERS[type]
  const view = new DataView(new ArrayBuffer(4 + 4 * dimensions.length + size * values.length))
  view.setUint8(2, code)
  view.setUint8(3, dimensions.length)
  for (const [axis, length] of dimensions.entries()) view.setUint32(4 + 4 * axis, length)
  for (const [index, value] of values.entries())
    view[set](4 + 4 * dimensions.length + size * index, value)
  return Buffer.from(view.buffer)
}

const IMAGES = idx('uint8', [3, 2, 2], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255])
const LABELS = idx('uint8', [3], [7, 3, 7])

async function read(
  images: Uint8Array,
  labels: Uint8Array,
  options: Partial<IdxOptions> = {},
  size?: number,
) {
  const sink = new MemorySink()
  const files = { images: chunks(images, size), labels: chunks(labels, size) }
  return { ...(await readIdx(files, { ...OPTIONS, ...options }, sink)), sink }
}
const failure = (images: Uint8Array, labels: Uint8Array, options: Partial<IdxOptions> = {}) =>
  errorOf(read(images, labels, options))

test('bytes stay bytes, classes are the sorted distinct labels, and chunks do not matter', async () => {
  for (const pack of [(bytes: Buffer) => bytes, (bytes: Buffer) => gzipSync(bytes)])
    for (const size of [1, 2, 3, 5, 1000]) {
      const got = await read(pack(IMAGES), pack(LABELS), {}, size)
      expect(got).toMatchObject({
        rows: 3,
        inputShape: [2, 2, 1],
        featureType: 'uint8',
        classNames: ['3', '7'],
        classCounts: [1, 2],
        profile: { minimum: 0, maximum: 255, mean: 310 / 12, featureNames: null },
      })
      expect([...got.labels]).toEqual([1, 0, 1])
      expect([...got.sink.bytes]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255])
    }
})

test.each([
  [[2, 3], [3]],
  [
    [2, 3, 1],
    [3, 1, 1],
  ],
  [
    [2, 1, 1, 3],
    [1, 1, 3],
  ],
])('dimensions %j are rows of shape %j', async (dimensions, inputShape) => {
  const images = idx('uint8', dimensions, [1, 2, 3, 4, 5, 6])
  expect((await read(images, idx('uint8', [2], [0, 1]))).inputShape).toEqual(inputShape)
})

test.each([
  ['int8', [-128, 127, 0, 1]],
  ['int16', [-32768, 32767, 256, 1]],
  ['int32', [-16777216, 16777216, 65536, 1]],
  ['float32', [-1.5, 3e38, 1e-40, 0]],
  ['float64', [-1.5, 0.1, 1e-300, 3]],
] as const)('%s becomes float32', async (type, values) => {
  for (const size of [1, 3, 1000]) {
    const got = await read(idx(type, [2, 2], values), idx('int32', [2], [70000, 9]), {}, size)
    expect(got.featureType).toBe('float32')
    expect(got.classNames).toEqual(['9', '70000'])
    expect(got.sink.floats).toEqual(values.map(Math.fround))
  }
})

test('tables of any type survive writing and reading in any chunks', async () => {
  const property = fc.asyncProperty(
    fc.constantFrom('int16' as const, 'int32' as const, 'float64' as const),
    fc.array(fc.integer({ min: -32768, max: 32767 }), { minLength: 6, maxLength: 60 }),
    fc.integer({ min: 1, max: 30 }),
    fc.boolean(),
    async (type, numbers, size, packed) => {
      const rows = Math.floor(numbers.length / 3)
      const values = numbers.slice(0, rows * 3)
      const labels = Array.from({ length: rows }, (_, row) => row % 2)
      const files = [idx(type, [rows, 3], values), idx('uint8', [rows], labels)] as const
      const [images, answers] = packed ? files.map((file) => gzipSync(file)) : files
      const got = await read(images ?? IMAGES, answers ?? LABELS, {}, size)
      expect(got.sink.floats).toEqual(values)
      expect([...got.labels]).toEqual(labels)
    },
  )
  await fc.assert(property)
})

const HUGE = idx('uint8', [4294967295, 4294967295, 4294967295, 4294967295], [])
const swap = idx('uint8', [3, 2], [1, 0, 1, 0, 1, 0])
const cut = (bytes: Buffer, end: number): Buffer => bytes.subarray(0, end)
const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(100)])
/** With a wrong checksum. */
const damaged = (bytes: Buffer): Buffer => bytes.fill(0x55, bytes.length - 8, bytes.length - 4)
const more = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.of(1)])
test.each([
  ['empty images', Buffer.alloc(0), LABELS, 'empty-file', 'the images file is empty'],
  [
    'a PNG',
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    LABELS,
    'not-idx',
    'images file is not IDX but looks like a PNG image: it begins with 89504e47',
  ],
  ['a zip', Buffer.from('PK\x03\x04....'), LABELS, 'not-idx', 'looks like a zip archive'],
  ['CSV', Buffer.from('a,b,label\n1,2,x\n'), LABELS, 'not-idx', 'looks like text, perhaps CSV'],
  [
    'gzip of CSV',
    gzipSync('a,b,label\n1,2,x\n'),
    LABELS,
    'not-idx',
    'looks like text, perhaps CSV',
  ],
  ['gzip of gzip', gzipSync(gzipSync(IMAGES)), LABELS, 'not-idx', 'looks like a gzip file'],
  [
    'labels that are CSV',
    IMAGES,
    Buffer.from('label\n1\n2\n'),
    'not-idx',
    'the labels file is not IDX',
  ],
  ['an unknown type', Buffer.from([0, 0, 0x0a, 1, 0, 0, 0, 1]), LABELS, 'not-idx', '00000a01'],
  ['rank 5', Buffer.from([0, 0, 8, 5, 0, 0, 0, 1]), LABELS, 'not-idx', '00000805'],
  ['a cut magic number', cut(IMAGES, 3), LABELS, 'not-idx', 'begins with 000008'],
  [
    'a cut header',
    cut(IMAGES, 9),
    LABELS,
    'truncated',
    'inside its header: expected 16 bytes, got 9',
  ],
  [
    'cut images',
    cut(IMAGES, 20),
    LABELS,
    'truncated',
    'images file ends too early: its header declares 12 bytes of data, got 4',
  ],
  [
    'cut labels',
    IMAGES,
    cut(LABELS, 9),
    'truncated',
    'the labels file ends too early: its header declares 3 bytes of data, got 1',
  ],
  [
    'cut numbers',
    cut(idx('int32', [3, 1], [1, 2, 3]), 22),
    LABELS,
    'truncated',
    '12 bytes of data, got 10',
  ],
  [
    'bytes after the images',
    more(IMAGES),
    LABELS,
    'trailing-bytes',
    'the images file has more than the 12 bytes',
  ],
  [
    'bytes after the labels',
    IMAGES,
    more(LABELS),
    'trailing-bytes',
    'the labels file has more than the 3 bytes',
  ],
  ['bytes after the data in gzip', gzipSync(more(IMAGES)), LABELS, 'trailing-bytes', 'images'],
  [
    'padding after the gzip data',
    padded(gzipSync(IMAGES)),
    LABELS,
    'bad-gzip',
    'followed by other bytes',
  ],
  [
    'bytes after the gzip data',
    more(gzipSync(IMAGES)),
    LABELS,
    'bad-gzip',
    'followed by other bytes',
  ],
  [
    'cut gzip',
    cut(gzipSync(IMAGES), 25),
    LABELS,
    'bad-gzip',
    'the images file is gzip but damaged, cut off',
  ],
  ['damaged gzip', damaged(gzipSync(IMAGES)), LABELS, 'bad-gzip', 'images'],
  [
    'sizes whose product is beyond 2^64',
    HUGE,
    LABELS,
    'too-large',
    'declares 4294967295 x 4294967295 x 4294967295 x 4294967295 uint8 elements, 340282366604025813516997721482669850625 bytes',
  ],
  [
    'more bytes than allowed',
    idx('float64', [3, 50000], []),
    LABELS,
    'too-large',
    '1200000 bytes; at most 1000000',
  ],
  [
    'more labels than images',
    IMAGES,
    idx('uint8', [4], [1, 2, 3, 4]),
    'count-mismatch',
    '3 images but 4 labels',
  ],
  ['no rows', idx('uint8', [0, 2, 2], []), LABELS, 'no-rows', '0 x 2 x 2'],
  ['no labels', IMAGES, idx('uint8', [0], []), 'no-rows', 'the labels file declares 0'],
  ['images without pixels', idx('uint8', [3, 0, 2], []), LABELS, 'no-rows', '3 x 0 x 2'],
  ['one class', IMAGES, idx('uint8', [3], [1, 1, 1]), 'one-class', 'all 3 rows have the label "1"'],
  [
    'labels that are real numbers',
    IMAGES,
    idx('float32', [3], [1, 2, 3]),
    'wrong-type',
    'holds float32',
  ],
  ['images of rank 1', LABELS, LABELS, 'wrong-rank', 'are images and labels swapped?'],
  ['labels of rank 2', IMAGES, swap, 'wrong-rank', 'are images and labels swapped?'],
  [
    'too many rows',
    IMAGES,
    idx('uint8', [1001], []),
    'too-many-rows',
    'declares 1001 rows, at most 1000',
  ],
] as [string, Buffer, Buffer, string, string][])(
  '%s: refused with a message',
  async (_, images, labels, code, message) => {
    for (const size of [1, 1000]) {
      const error = await errorOf(read(images, labels, {}, size))
      expect(error).toMatchObject({ code, message: expect.stringContaining(message) })
    }
  },
)

test('a negative label and a number that is not finite are refused with their row', async () => {
  expect(await failure(IMAGES, idx('int8', [3], [0, 1, -1]))).toMatchObject({
    code: 'negative-label',
    row: 3,
    message: 'label 3 is -1: labels are 0 or more',
  })
  const labels = idx('uint8', [2], [0, 1])
  const infinite = idx('float32', [2, 2], [0, 1, 2, Number.NaN])
  expect(await failure(infinite, labels)).toMatchObject({
    code: 'not-finite',
    row: 2,
    message: 'image 2, number 2: NaN is not a finite float32',
  })
  const large = idx('float64', [2, 2], [0, 1, 1e300, 0])
  expect(await failure(large, labels)).toMatchObject({ code: 'out-of-range', row: 2 })
})

test('an image of more than a million numbers is refused', async () => {
  const images = idx('uint8', [3, 1001, 1000], [])
  const error = await failure(images, LABELS, { maxBytes: 1e9 })
  expect(error.code).toBe('too-many-features')
})

test('a gzip bomb is refused soon after it has begun to inflate', async () => {
  const header = idx('uint8', [3, 1_000_000], [])
  const bomb = gzipSync(Buffer.concat([header, Buffer.alloc(64_000_000)]))
  const rows = idx('uint8', [64, 1_000_000], [])
  const honest = gzipSync(Buffer.concat([rows, Buffer.alloc(64_000_000)]))
  const labels = idx('uint8', [64], [...Array(64).keys()])
  let written = 0
  const sink = {
    async write(chunk: Uint8Array): Promise<void> {
      written += chunk.length
    },
  }
  const limits = { maxRows: 1000, maxBytes: 1e9 }
  const source = chunks(honest, 4096)
  const reading = readIdx({ images: source, labels: chunks(labels) }, limits, sink)
  expect((await errorOf(reading)).code).toBe('inflates-too-much')
  expect(written).toBeLessThan(30_000_000)
  // One whose header declares less is refused where its data should end.
  expect((await failure(bomb, LABELS, { maxBytes: 4e6 })).code).toBe('trailing-bytes')
})

test('the sources are closed at the end and at an error, and their own errors are passed on', async () => {
  let closed = 0
  async function* source(bytes: Buffer, fails = false): AsyncGenerator<Uint8Array, void> {
    try {
      yield bytes
      if (fails) throw new Error('connection lost')
    } finally {
      closed++
    }
  }
  const sink = new MemorySink()
  await readIdx({ images: source(IMAGES), labels: source(LABELS) }, OPTIONS, sink)
  expect(closed).toBe(2)
  const gone = { images: source(cut(gzipSync(IMAGES), 15), true), labels: source(LABELS) }
  await expect(readIdx(gone, OPTIONS, sink)).rejects.toThrow('connection lost')
  const { signal } = { signal: AbortSignal.abort(new Error('enough')) }
  const aborted = { images: source(IMAGES), labels: source(LABELS) }
  await expect(readIdx(aborted, { ...OPTIONS, signal }, sink)).rejects.toThrow('enough')
})
