import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readSafetensors, writeSafetensors } from '../../../workers/engine/export/safetensors.ts'
import { fixture } from './support.ts'

const arrays = [
  { name: 'b.kernel', shape: [2, 3], values: Float32Array.of(1, -2, 3.5, 1e-30, 5, 6) },
  { name: 'a.bias', shape: [3], values: Float32Array.of(7, 8, 9) },
]
const metadata = { format: 'test', größe: '"ö"' }
const file = (): Buffer => Buffer.concat(writeSafetensors(arrays, metadata))

/** A file with any header over four float32 numbers. */
function fileOf(header: unknown, dataBytes = 16): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  return Buffer.concat([length, json, Buffer.alloc(dataBytes)])
}
const entry = (begin: number, end: number, shape = [(end - begin) / 4]) => ({
  dtype: 'F32',
  shape,
  data_offsets: [begin, end],
})

test('a file of the Python library is read', () => {
  const { arrays: read, metadata: strings } = readSafetensors(
    readFileSync(fixture('engine/python.safetensors')),
  )
  const byName = new Map(read.map((array) => [array.name, array]))
  expect([...byName.keys()].sort()).toEqual(['logits.bias', 'logits.kernel', 'scalar'])
  expect(byName.get('logits.kernel')?.shape).toEqual([2, 3])
  expect([...(byName.get('logits.kernel')?.values ?? [])]).toEqual(
    [0, 1, 2, 3, 4, 5].map((value) => Math.fround(value / 7)),
  )
  expect([...(byName.get('logits.bias')?.values ?? [])]).toEqual(
    [1e-30, -2.5, Math.PI].map(Math.fround),
  )
  expect(byName.get('scalar')).toMatchObject({ shape: [], values: Float32Array.of(4) })
  expect(strings).toEqual({ made: 'by Python', größe: 'ö' })
})

test('the bytes are those of the format', () => {
  const bytes = file()
  const headerLength = Number(bytes.readBigUInt64LE(0))
  expect(headerLength % 8).toBe(0)
  const header = JSON.parse(bytes.subarray(8, 8 + headerLength).toString('utf8'))
  expect(header).toEqual({
    __metadata__: metadata,
    'b.kernel': { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
    'a.bias': { dtype: 'F32', shape: [3], data_offsets: [24, 36] },
  })
  expect(bytes.length).toBe(8 + headerLength + 36)
  expect(bytes.readFloatLE(8 + headerLength + 8)).toBe(3.5)
  expect(bytes.readFloatLE(8 + headerLength + 24)).toBe(7)
})

test('what was written is read back, and written again as the same bytes', () => {
  const read = readSafetensors(file())
  expect(read).toEqual({ arrays, metadata })
  expect(Buffer.concat(writeSafetensors(read.arrays, read.metadata))).toEqual(file())
})

test.each([
  ['too short', Buffer.alloc(5), 'shorter than'],
  ['a header beyond the limit', Buffer.from('ffffffffffffffff', 'hex'), 'at most 1000000'],
  ['cut off in the header', file().subarray(0, 50), 'ends within its header'],
  ['no JSON', fileOf('{nonsense'), 'not JSON'],
  ['an array as header', fileOf([1]), 'not a JSON object'],
  ['another type', fileOf({ a: { ...entry(0, 16), dtype: 'F16' } }), 'F16'],
  ['a negative size', fileOf({ a: entry(0, 16, [-4]) }), 'no proper shape'],
  ['a fractional size', fileOf({ a: entry(0, 16, [1.5]) }), 'no proper shape'],
  [
    'offsets that are text',
    fileOf({ a: { ...entry(0, 16), data_offsets: ['0', '16'] } }),
    'offsets',
  ],
  ['a shape of another size', fileOf({ a: entry(0, 16, [5]) }), 'needs 20'],
  ['overlapping tensors', fileOf({ a: entry(0, 12), b: entry(8, 16) }), 'overlaps'],
  ['a gap', fileOf({ a: entry(0, 4), b: entry(8, 16) }), 'gap'],
  ['numbers beyond the end', fileOf({ a: entry(0, 20) }), 'describes 20'],
  ['numbers left over', fileOf({ a: entry(0, 8) }), 'describes 8'],
  ['metadata that is not text', fileOf({ __metadata__: { a: 1 }, a: entry(0, 16) }), 'strings'],
])('%s: refused, with the reason', (_, bytes, reason) => {
  expect(() => readSafetensors(bytes)).toThrow(
    expect.objectContaining({
      code: 'bad-safetensors',
      message: expect.stringContaining(reason),
    }),
  )
})

test('a header beyond the limit is not written', () => {
  expect(() => writeSafetensors(arrays, { long: 'x'.repeat(1_000_000) })).toThrow('at most 1000000')
})
