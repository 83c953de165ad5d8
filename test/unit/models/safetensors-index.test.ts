import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { outerNames, readSafetensorsIndex } from '../../../src/models/safetensors/read-index.ts'
import { tensorNumbers } from '../../../src/models/safetensors/tensor-numbers.ts'
import { float32, rawFile, safetensorsFile } from '../../support/safetensors-file.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'safetensors-index-'))
afterAll(() => rmSync(folder, { recursive: true }))

let made = 0
const onDisk = (bytes: Uint8Array): string => {
  const file = path.join(folder, `${made++}`)
  writeFileSync(file, bytes)
  return file
}
const two = (name: string, values: readonly number[]) => ({
  name,
  dtype: 'F32',
  shape: [values.length],
  bytes: float32(values),
})
const good = safetensorsFile([two('a', [1, 2]), two('b', [3])], { format: 'pt' })
const f32 = (shape: unknown, from: number, to: number) => ({
  dtype: 'F32',
  shape,
  data_offsets: [from, to],
})
const lying = (header: object, bytes = 0): Buffer =>
  rawFile(JSON.stringify(header), Buffer.alloc(bytes))

test('tensors are listed where they lie, with their metadata', async () => {
  const { tensors, metadata } = await readSafetensorsIndex(onDisk(good))
  expect(tensors.map(({ name, shape }) => [name, shape])).toEqual([
    ['a', [2]],
    ['b', [1]],
  ])
  expect(tensors[1]?.end).toBe(good.length)
  expect([...metadata]).toEqual([['format', 'pt']])
})

test.each<[string, Buffer, string, RegExp]>([
  ['an empty file', Buffer.alloc(0), 'safetensors-truncated', /whole file/],
  ['a cut header', good.subarray(0, 30), 'safetensors-truncated', /within its header/],
  ['a cut tensor', good.subarray(0, -1), 'safetensors-truncated', /promises/],
  ['bytes at the end', Buffer.concat([good, good]), 'safetensors-too-long', /only/],
  [
    'a header of 4 GB',
    Buffer.concat([Buffer.from([0, 0, 0, 0, 1, 0, 0, 0]), Buffer.from('{}')]),
    'safetensors-header-not-valid',
    /4294967296 bytes/,
  ],
  ['a header that is no JSON', rawFile('{"a":'), 'safetensors-header-not-valid', /not JSON/],
  ['a list as header', rawFile('[1, 2]'), 'safetensors-header-not-valid', /not an object/],
  ['no tensor', rawFile('{}'), 'safetensors-header-not-valid', /no tensor/],
  [
    'numbers as metadata',
    lying({ __metadata__: { a: 1 }, a: f32([0], 0, 0) }),
    'safetensors-header-not-valid',
    /__metadata__/,
  ],
  [
    'an unknown type',
    lying({ a: { dtype: 'F4', shape: [1], data_offsets: [0, 4] } }, 4),
    'safetensors-header-not-valid',
    /"a" the type "F4"/,
  ],
  ['a negative side', lying({ a: f32([-1], 0, 4) }, 4), 'safetensors-header-not-valid', /shape/],
  [
    'a position beyond whole numbers',
    lying({ a: f32([1], 0, 1e300) }, 4),
    'safetensors-header-not-valid',
    /data_offsets/,
  ],
  [
    '10 GB that are not there',
    lying({ a: f32([50_000, 50_000], 0, 10_000_000_000) }),
    'tensor-too-large',
    /\[50000, 50000\].*250000000/,
  ],
  [
    'a product beyond whole numbers',
    lying({ a: f32([2 ** 40, 2 ** 40, 2 ** 40], 0, 0) }),
    'tensor-too-large',
    /"a"/,
  ],
  [
    'bytes that do not suit the type',
    lying({ a: { dtype: 'F16', shape: [2], data_offsets: [0, 8] } }, 8),
    'tensor-size-mismatch',
    /8 bytes.*F16 needs 4/,
  ],
  [
    'overlapping tensors',
    lying({ a: f32([2], 0, 8), b: f32([2], 4, 12) }, 12),
    'tensors-overlap',
    /"b" overlap tensor "a"/,
  ],
  [
    'a gap',
    lying({ a: f32([1], 0, 4), b: f32([1], 8, 12) }, 12),
    'tensors-leave-a-gap',
    /4 bytes between tensor "a" and tensor "b"/,
  ],
  [
    'the same name twice',
    rawFile(
      `{"a":${JSON.stringify(f32([1], 0, 4))}, "b":{"x":{"a":1}}, "\\u0061":${JSON.stringify(f32([1], 0, 4))}}`,
      Buffer.alloc(4),
    ),
    'tensor-duplicated',
    /two tensors called "a"/,
  ],
])('%s is refused', async (_, bytes, code, message) => {
  await expect(readSafetensorsIndex(onDisk(bytes))).rejects.toMatchObject({
    name: 'ModelError',
    code,
    message: expect.stringMatching(message),
  })
})

test('a file with any byte of its header changed is read or refused, and never anything else', async () => {
  const header = 8 + Number(good.readBigUInt64LE())
  for (let at = 0; at < header; at++)
    for (const bit of [1, 0x20, 0x80]) {
      const changed = Buffer.from(good)
      changed[at] = (changed[at] ?? 0) ^ bit
      await readSafetensorsIndex(onDisk(changed)).catch((error: unknown) =>
        expect(error).toMatchObject({ name: 'ModelError' }),
      )
    }
})

test('only names of the outermost object count, with escapes undone', () => {
  expect(outerNames('{"a":{"b":[{"c":1}]},"d\\"":"e:","\\u0066" : 2}')).toEqual(['a', 'd"', 'f'])
})

test('a number that is not finite is named with its place; so is one too large for float32', async () => {
  const numbers = async (dtype: string, bytes: Uint8Array, shape: number[]) => {
    const file = onDisk(safetensorsFile([{ name: 'w', dtype, shape, bytes }]))
    const [tensor] = (await readSafetensorsIndex(file)).tensors
    if (!tensor) throw new Error('no tensor')
    const parts: number[] = []
    for await (const part of tensorNumbers(file, tensor)) parts.push(...part)
    return parts
  }
  await expect(numbers('F32', float32([1, 2, 3, Number.NaN]), [2, 2])).rejects.toMatchObject({
    code: 'weight-not-finite',
    message: expect.stringMatching(/"w".*\[1, 1\]/),
  })
  const large = new Uint8Array(Float64Array.from([1, 1e39]).buffer)
  await expect(numbers('F64', large, [2])).rejects.toMatchObject({ code: 'weight-not-finite' })
  await expect(numbers('I8', new Uint8Array(2), [2])).rejects.toMatchObject({
    code: 'weights-dtype-not-supported',
  })
  const half = new Uint8Array(Float16Array.from([1.5, -2]).buffer)
  expect(await numbers('F16', half, [2])).toEqual([1.5, -2])
})

test('numbers are whole however the file is cut into pieces', async () => {
  const values = Float32Array.from({ length: 200_001 }, (_, index) => index / 3)
  // A name of odd length puts the numbers at an odd place of the file.
  const file = onDisk(
    safetensorsFile([
      { name: 'pad', dtype: 'I8', shape: [3], bytes: new Uint8Array(3) },
      two('w', [...values]),
    ]),
  )
  const tensor = (await readSafetensorsIndex(file)).tensors.find(({ name }) => name === 'w')
  if (!tensor) throw new Error('no tensor')
  const parts: number[] = []
  for await (const part of tensorNumbers(file, tensor)) parts.push(...part)
  expect(Float32Array.from(parts)).toEqual(values)
})
