import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import {
  MODEL,
  type ModelProto,
  TENSOR,
  type TensorProto,
} from '../../../src/models/onnx/messages.ts'
import { bytesOf, decode, encode } from '../../../src/models/protobuf/message.ts'

const bytes = (message: TensorProto) => buffer(Readable.from(bytesOf(encode(TENSOR, message))))

// Worked out by hand from https://protobuf.dev/programming-guides/encoding/
test('a message is encoded as the format says', async () => {
  const tensor = { dims: [2, 300], dataType: 1, name: 'ab', rawData: Uint8Array.of(7, 8) }
  expect((await bytes(tensor)).toString('hex')).toBe(
    `${'0a0302ac02'}${'1001'}${'42026162'}${'4a020708'}`,
  )
})

test('negative integers take ten bytes, and zero is written where it is given', async () => {
  expect((await bytes({ dims: [-1] })).toString('hex')).toBe('0a0affffffffffffffffff01')
  expect((await bytes({ dataType: 0 })).toString('hex')).toBe('1000')
})

const MESSAGE: ModelProto = {
  irVersion: 8,
  producerName: 'é',
  opsetImport: [{ domain: '', version: 17 }],
  metadataProps: [{ key: 'a', value: 'b' }],
  graph: {
    name: 'g',
    node: [
      {
        input: ['x', ''],
        output: ['y'],
        opType: 'Op',
        attribute: [
          { name: 'f', f: 0.5, type: 1 },
          { name: 'ints', ints: [1, -2, 2 ** 40], type: 7 },
          { name: 'text', s: Uint8Array.of(65), type: 3 },
          { name: 'inner', g: { name: 'deep' }, type: 5 },
        ],
      },
    ],
    initializer: [{ name: 'w', dims: [3], dataType: 1, floatData: [1, 2, 3] }],
    input: [
      {
        name: 'x',
        type: {
          tensorType: { elemType: 1, shape: { dim: [{ dimParam: 'batch' }, { dimValue: 4 }] } },
        },
      },
    ],
  },
}

test('what is encoded is decoded as it was', async () => {
  const encoded = await buffer(Readable.from(bytesOf(encode(MODEL, MESSAGE))))
  expect(decode(MODEL, new Uint8Array(encoded))).toEqual(MESSAGE)
})

test('a stream stands in a message as its bytes would', async () => {
  const numbers = Uint8Array.from({ length: 1000 }, (_, index) => index)
  const stream = {
    sizeBytes: numbers.length,
    async *read() {
      yield numbers.subarray(0, 7)
      yield numbers.subarray(7)
    },
  }
  const model = (rawData: TensorProto['rawData']): ModelProto => ({
    graph: {
      name: 'g',
      initializer: [{ name: 'w', ...(rawData ? { rawData } : {}) }, { name: 'v' }],
    },
    irVersion: 8,
  })
  const streamed = encode(MODEL, model(stream))
  const whole = await buffer(Readable.from(bytesOf(streamed)))
  expect(whole.length).toBe(streamed.sizeBytes)
  expect(whole).toEqual(await buffer(Readable.from(bytesOf(encode(MODEL, model(numbers))))))
})

test('unknown fields are skipped, and lists may come unpacked', () => {
  // Field 3 (a message that the schema leaves out), then dims 5 and 6 one by one.
  const unpacked = Uint8Array.from([0x1a, 2, 8, 1, 0x08, 5, 0x08, 6])
  expect(decode(TENSOR, unpacked)).toEqual({ dims: [5, 6] })
})

test('a message that is cut off is an error', () => {
  expect(() => decode(TENSOR, Uint8Array.of(0x42, 9, 65))).toThrow()
})
