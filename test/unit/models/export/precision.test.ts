import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { exportModel } from '../../../../src/models/export/export-model.ts'
import { outputFirst } from '../../../../src/models/export/output-first.ts'
import { ExportImpossible, halves } from '../../../../src/models/export/precision.ts'
import { readSafetensors } from '../../../../workers/engine/export/safetensors.ts'
import { BRANCHES, networkOf } from '../../engine/support.ts'
import { pieces, stored } from './stored.ts'

const bytes = (values: readonly number[]) => new Uint8Array(Float32Array.from(values).buffer)
const half = async (values: readonly number[], pieceBytes = 3) => {
  const file = bytes(values)
  const chunks = pieces(file, pieceBytes)({ start: 0, end: file.length })
  return buffer(Readable.from(halves('w', chunks)))
}

// IEEE 754 binary16: sign, five bits of exponent with bias 15, ten bits of fraction.
test.each([
  [1, '003c'],
  [-2, '00c0'],
  [65504, 'ff7b'],
  [65519.99, 'ff7b'],
  [2 ** -24, '0100'],
  [2 ** -26, '0000'],
  // Halfway between two halves: to the even one.
  [1 + 2 ** -11, '003c'],
  [1 + 3 * 2 ** -11, '023c'],
])('%d as a half is %s', async (value, hex) => {
  expect((await half([value])).toString('hex')).toBe(hex)
})

test.each([65520, -1e9])('%d is beyond halves', async (value) => {
  await expect(half([1, value])).rejects.toThrow(ExportImpossible)
})

test('a kernel with its outputs first has every number at its place, however much fits into memory', async () => {
  const [pixels, inputs, outputs] = [6, 5, 7]
  const file = bytes(Array.from({ length: pixels * inputs * outputs }, (_, index) => index))
  const kernel = {
    sizeBytes: file.length,
    read: () => pieces(file, 13)({ start: 0, end: file.length }),
  }
  const want = Array.from({ length: outputs }, (_, output) =>
    Array.from({ length: inputs }, (_, input) =>
      Array.from({ length: pixels }, (_, pixel) => (pixel * inputs + input) * outputs + output),
    ),
  ).flat(2)
  for (const slabBytes of [1, 300, 1 << 20]) {
    const turned = outputFirst(kernel, { pixels, inputs, outputs }, slabBytes)
    const got = await buffer(Readable.from(turned.read()))
    expect([...new Float32Array(new Uint8Array(got).buffer)]).toEqual(want)
    expect(turned.sizeBytes).toBe(got.length)
  }
})

test('safetensors of halves has every tensor at its place, kernels rounded and all else as it was', async () => {
  const from = await stored(networkOf([6, 5, 2], BRANCHES), { normalize: true })
  const { arrays, metadata } = readSafetensors(from.file)
  const file = await buffer(exportModel(from.model, from.weights, 'safetensors', 'float16'))
  const length = Number(file.readBigUInt64LE())
  const header = JSON.parse(file.subarray(8, 8 + length).toString())
  expect(header.__metadata__).toEqual(metadata)
  for (const { name, shape, values } of arrays) {
    const entry = header[name]
    const [start, end] = entry.data_offsets
    const own = new Uint8Array(file.subarray(8 + length + start, 8 + length + end)).buffer
    const kernel = name.endsWith('kernel')
    expect([name, entry.dtype, entry.shape]).toEqual([name, kernel ? 'F16' : 'F32', shape])
    expect([...(kernel ? new Float16Array(own) : new Float32Array(own))]).toEqual([
      ...(kernel ? values.map(Math.f16round) : values),
    ])
  }
  const float32 = await buffer(exportModel(from.model, from.weights, 'safetensors', 'float32'))
  expect(float32.equals(from.file)).toBe(true)
})

test('logits of halves are within the bound that follows from the rounding of each weight', async () => {
  const network = networkOf([9], [{ type: 'dense', units: 4 }])
  const from = await stored(network, { scale: 3 })
  const [exact, rounded] = [await from.answers('float32'), await from.answers('float16')]
  const { arrays } = readSafetensors(from.file)
  const kernel = arrays.find(({ name }) => name.endsWith('kernel'))?.values ?? []
  for (let row = 0; row < exact.length / 4; row++)
    for (let unit = 0; unit < 4; unit++) {
      let bound = 1e-6
      for (let feature = 0; feature < 9; feature++) {
        const weight = Math.abs(kernel[4 * feature + unit] ?? 0)
        bound += Math.abs(from.rows[9 * row + feature] ?? 0) * Math.max(2 ** -11 * weight, 2 ** -25)
      }
      const at = 4 * row + unit
      expect(Math.abs((rounded[at] ?? Number.NaN) - (exact[at] ?? 0))).toBeLessThan(bound)
    }
  expect(rounded).not.toEqual(exact)
})
