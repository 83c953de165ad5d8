import { expect, test } from 'vitest'
import type { Normalization } from '../../../src/domain/model.ts'
import type { Network } from '../../../src/domain/network.ts'
import { readLayersModel } from '../../../src/models/read-layers-model.ts'
import { safetensorsStream } from '../../../src/models/to-safetensors.ts'
import { collect, memorySource } from './memory-source.ts'
import { parseSafetensors } from './parse-safetensors.ts'

const dense = (name: string, units: number, config = {}) => ({
  class_name: 'Dense',
  config: { name, units, ...config },
})
const float32 = (name: string, ...shape: number[]) => ({ name, shape, dtype: 'float32' })

/** Two groups; the first is cut into two files in the middle of a number. */
const modelJson = {
  modelTopology: {
    class_name: 'Sequential',
    config: [dense('a', 3, { batch_input_shape: [null, 2] }), dense('b', 2)],
  },
  weightsManifest: [
    { paths: ['1.bin', '2.bin'], weights: [float32('b/bias', 2), float32('a/kernel', 2, 3)] },
    {
      paths: ['3.bin'],
      weights: [
        { ...float32('optimizer/vars/0', 3), dtype: 'bool' },
        float32('b/kernel', 3, 2),
        float32('a/bias', 3),
      ],
    },
  ],
}

const littleEndian = (...values: number[]): Buffer => {
  const buffer = Buffer.alloc(4 * values.length)
  for (const [at, value] of values.entries()) buffer.writeFloatLE(value, 4 * at)
  return buffer
}
const first = littleEndian(1, 2, 3, 4, 5, 6, 7, 8)
const second = Buffer.concat([
  Buffer.from([255, 255, 255]),
  littleEndian(9, 10, 11, 12, 13, 14, 15, 16, 17),
])
const shards = { '1.bin': first.subarray(0, 13), '2.bin': first.subarray(13), '3.bin': second }

const convert = (
  files: Record<string, Uint8Array> = shards,
  pieceBytes = 7,
  normalization: Normalization | null = null,
  metadata: Record<string, string> = {},
) => {
  const { network, tensors } = readLayersModel(modelJson)
  const source = memorySource(modelJson, files, pieceBytes)
  return collect(safetensorsStream(network, normalization, tensors, source, metadata))
}

test.each([1, 2, 3, 4, 5, 7, 1000])(
  'the numbers arrive whole when the bytes come in pieces of %i',
  async (pieceBytes) => {
    const { tensors, data } = parseSafetensors(await convert(shards, pieceBytes))
    expect([...(tensors.get('b.bias')?.values ?? [])]).toEqual([1, 2])
    expect([...(tensors.get('a.kernel')?.values ?? [])]).toEqual([3, 4, 5, 6, 7, 8])
    expect([...(tensors.get('b.kernel')?.values ?? [])]).toEqual([9, 10, 11, 12, 13, 14])
    expect([...(tensors.get('a.bias')?.values ?? [])]).toEqual([15, 16, 17])
    expect(tensors.get('b.kernel')?.shape).toEqual([3, 2])
    expect(data.length).toBe(4 * 17)
  },
)

test('normalization and metadata are in the file, and the format cannot be overwritten', async () => {
  const file = await convert(
    shards,
    7,
    { mean: [0.5, -1], standardDeviation: [2, 3] },
    { classNames: '["no","ja ✓"]', format: 'mine' },
  )
  const { tensors, metadata } = parseSafetensors(file)
  expect([...(tensors.get('normalization.mean')?.values ?? [])]).toEqual([0.5, -1])
  expect([...(tensors.get('normalization.standardDeviation')?.values ?? [])]).toEqual([2, 3])
  expect([...(tensors.get('a.bias')?.values ?? [])]).toEqual([15, 16, 17])
  expect(metadata.format).toBe('distillery-model/1')
  expect(metadata.classNames).toBe('["no","ja ✓"]')
  const { network } = readLayersModel(modelJson)
  expect(JSON.parse(metadata.network ?? '') as Network).toEqual(network)
})

test('equal models give equal bytes, whatever the pieces', async () => {
  expect((await convert(shards, 3)).equals(await convert(shards, 1000))).toBe(true)
})

const noBytes = async (files: Record<string, Uint8Array>, code: string, file: RegExp) => {
  const { network, tensors } = readLayersModel(modelJson)
  const stream = safetensorsStream(network, null, tensors, memorySource(modelJson, files), {})
  await expect(stream.next()).rejects.toMatchObject({
    name: 'ModelError',
    code,
    message: expect.stringMatching(file),
  })
}

test('a shard that is too short is refused before the first byte', () =>
  noBytes(
    { ...shards, '3.bin': second.subarray(1) },
    'weights-truncated',
    /"3\.bin": 38 bytes.*39/,
  ))

test('a shard that is too long is refused before the first byte', () =>
  noBytes({ ...shards, '2.bin': Buffer.alloc(20) }, 'weights-too-long', /"1\.bin", "2\.bin"/))

test.each([
  ['weights-truncated', second.subarray(0, 30)],
  ['weights-too-long', Buffer.concat([second, second])],
])('a shard that gives other bytes than its size says is %s', async (code, bytes) => {
  const { network, tensors } = readLayersModel(modelJson)
  const source = { ...memorySource(modelJson, { ...shards, '3.bin': bytes }, 5) }
  const honest = memorySource(modelJson, shards)
  const stream = safetensorsStream(network, null, tensors, {
    ...source,
    sizeBytes: honest.sizeBytes,
  })
  await expect(collect(stream)).rejects.toMatchObject({ name: 'ModelError', code })
})

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
  '%d in a weight is found with its place, in pieces of every size',
  async (value) => {
    for (let at = 0; at < 6; at++)
      for (let pieceBytes = 1; pieceBytes < 10; pieceBytes++) {
        const bad = Buffer.from(second)
        bad.writeFloatLE(value, 3 + 4 * at)
        await expect(convert({ ...shards, '3.bin': bad }, pieceBytes)).rejects.toMatchObject({
          code: 'weight-not-finite',
          message: expect.stringContaining(
            `"b/kernel" is NaN or infinite at [${Math.floor(at / 2)}, ${at % 2}]`,
          ),
        })
      }
  },
)

test('the largest finite numbers and subnormal ones are weights like others', async () => {
  const largest = 3.4028234663852886e38
  const edge = littleEndian(largest, -largest, 1e-45, -0, 0, 1, 2, 3)
  const { tensors } = parseSafetensors(
    await convert({ ...shards, '1.bin': edge, '2.bin': Buffer.alloc(0) }),
  )
  expect(tensors.get('b.bias')?.values[0]).toBe(largest)
})

test.each([
  [{ mean: [0], standardDeviation: [1] }, 'normalization-does-not-fit'],
  [{ mean: [0, Number.NaN], standardDeviation: [1, 1] }, 'normalization-not-finite'],
  [{ mean: [0, 0], standardDeviation: [1, 0] }, 'normalization-not-finite'],
  [{ mean: [0, 0], standardDeviation: [1, 1e-60] }, 'normalization-not-finite'],
  [{ mean: [0, 1e60], standardDeviation: [1, 1] }, 'normalization-not-finite'],
])('normalization %o is refused', async (normalization, code) => {
  await expect(convert(shards, 7, normalization)).rejects.toMatchObject({ code })
})

test('a hundred megabytes pass without being collected', async () => {
  const units = 5000
  const large = {
    modelTopology: {
      class_name: 'Sequential',
      config: [dense('a', units, { batch_input_shape: [null, units], use_bias: false })],
    },
    weightsManifest: [{ paths: ['w'], weights: [float32('a/kernel', units, units)] }],
  }
  const { network, tensors } = readLayersModel(large)
  const piece = Buffer.alloc(1_000_000, 1)
  let given = 0
  let taken = 0
  let ahead = 0
  const source = {
    ...memorySource(large, {}),
    sizeBytes: () => 4 * units * units,
    async *shard() {
      for (; given < 4 * units * units; given += piece.length) {
        ahead = Math.max(ahead, given - taken)
        yield piece
      }
    },
  }
  const stream = safetensorsStream(network, null, tensors, source)
  await stream.next()
  for await (const chunk of stream) taken += chunk.length
  expect(taken).toBe(100_000_000)
  expect(ahead).toBeLessThanOrEqual(piece.length)
})
