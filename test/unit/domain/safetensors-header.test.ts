import { expect, test } from 'vitest'
import { safetensorsHeader } from '../../../src/domain/safetensors-header.ts'

const text = (header: Uint8Array) => Buffer.from(header).toString('utf8', 8)

test('the header is its length, then JSON with offsets in the given order', () => {
  const header = safetensorsHeader(
    [
      { name: 'b.kernel', shape: [2, 3] },
      { name: '7', shape: [] },
      { name: 'a.bias', shape: [3] },
    ],
    { format: 'x/1' },
  )
  expect(text(header).trimEnd()).toBe(
    '{"__metadata__":{"format":"x/1"},' +
      '"b.kernel":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},' +
      '"7":{"dtype":"F32","shape":[],"data_offsets":[24,28]},' +
      '"a.bias":{"dtype":"F32","shape":[3],"data_offsets":[28,40]}}',
  )
  expect(Number(Buffer.from(header).readBigUInt64LE(0))).toBe(header.length - 8)
})

test('the numbers begin at a multiple of 8 bytes, whatever the names', () => {
  for (let length = 1; length < 20; length++) {
    const header = safetensorsHeader([{ name: 'ü'.repeat(length), shape: [1] }])
    expect(header.length % 8).toBe(0)
    expect(header[8]).toBe('{'.charCodeAt(0))
    expect(text(header)).toMatch(/^\{.*\} *$/)
  }
})

test('a name that is taken is an error', () => {
  const tensor = { name: 'a', shape: [1] }
  expect(() => safetensorsHeader([tensor, tensor])).toThrow(/taken/)
  expect(() => safetensorsHeader([{ name: '__metadata__', shape: [1] }])).toThrow(/taken/)
})
