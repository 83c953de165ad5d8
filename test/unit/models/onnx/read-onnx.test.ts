/** ONNX files that could not be run here, or not safely, are refused in words; nothing of them is run to find out. */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ModelError } from '../../../../src/models/model-error.ts'
import { type OnnxChoices, readOnnx } from '../../../../src/models/onnx/read-onnx.ts'
import { message } from '../../../support/protobuf.ts'
import { node, onnx, tensor, value } from './build-onnx.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'onnx-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function read(bytes: Uint8Array, choices: Partial<OnnxChoices> = {}) {
  const file = path.join(folder, 'model.onnx')
  await writeFile(file, bytes)
  return readOnnx(file, { layout: null, output: null, ...choices })
}

const CONVNET = readFileSync(
  path.resolve(import.meta.dirname, '../../../fixtures/onnx/convnet.onnx'),
)

test('a model says what it takes, what it gives and what can be read inside', async () => {
  const { graph, notes } = await read(
    onnx({
      nodes: [
        node('MatMul', ['x', 'w'], ['hidden']),
        node('Add', ['hidden', 'b'], ['sum']),
        node('Softmax', ['sum'], ['y']),
      ],
      values: [value('hidden', ['batch', 3])],
    }),
  )
  expect(graph).toEqual({
    inputShape: [4],
    classes: 3,
    input: { name: 'x', shape: [4], layout: 'channels-last', batchRows: null },
    output: 'sum',
    taps: [
      { name: 'hidden', shape: [3] },
      { name: 'sum', shape: null },
      { name: 'y', shape: [3] },
    ],
    parameters: 15,
  })
  expect(notes).toEqual([expect.stringContaining('softmax that gives "y" is left out')])
})

test('weights are kept in any of the ways of the format', async () => {
  const floats = new Uint8Array(12 * 4)
  const { graph } = await read(
    onnx({ initializers: [tensor('w', [4, 3], [4, floats]), tensor('b', [3])] }),
  )
  expect(graph.parameters).toBe(15)
})

test.each([
  [[3, 8, 6], null, [8, 6, 3], 'channels-first'],
  [[8, 6, 3], null, [8, 6, 3], 'channels-last'],
  [[16, 8, 6], 'channels-first', [8, 6, 16], 'channels-first'],
  [[3, 8, 1], 'channels-last', [3, 8, 1], 'channels-last'],
  [[8, 6], null, [8, 6, 1], 'channels-last'],
] as const)(
  'an input of %j with layout %s takes rows of %j',
  async (shape, layout, inputShape, found) => {
    const bytes = onnx({
      nodes: [node('Flatten', ['x'], ['flat']), node('Gemm', ['flat', 'w', 'b'], ['y'])],
      inputs: [value('x', ['batch', ...shape])],
    })
    const { graph } = await read(bytes, { layout })
    expect(graph.inputShape).toEqual(inputShape)
    expect(graph.input.layout).toBe(found)
  },
)

test.each([
  [[3, 8, 1], 'layout=channels-first'],
  [[16, 8, 6], 'layout=channels-first'],
])('an input of %j needs to be told where its channels are', async (shape, advice) => {
  await expect(read(onnx({ inputs: [value('x', ['batch', ...shape])] }))).rejects.toMatchObject({
    code: 'input-layout-unknown',
    message: expect.stringContaining(advice),
  })
})

test('a batch that is fixed is kept in mind', async () => {
  const fixed = await read(onnx({ inputs: [value('x', [1, 4])] }))
  expect(fixed.graph.input.batchRows).toBe(1)
  const output = await read(onnx({ outputs: [value('y', [2, 3])] }))
  expect(output.graph.input.batchRows).toBe(2)
})

test('the output with the logits can be named', async () => {
  const parts = {
    nodes: [node('Gemm', ['x', 'w', 'b'], ['y']), node('Relu', ['y'], ['z'])],
    outputs: [value('z', ['batch', 3]), value('y', ['batch', 3])],
  }
  expect((await read(onnx(parts))).graph.output).toBe('z')
  expect((await read(onnx(parts), { output: 'y' })).graph.output).toBe('y')
  await expect(read(onnx(parts), { output: 'logits' })).rejects.toMatchObject({
    code: 'output-not-found',
    message: expect.stringContaining('"z", "y"'),
  })
})

const external = message([1, 'location'], [2, '/etc/passwd'])
const body = message([1, [node('Relu', ['x'], ['y'])]], [2, 'body'])

test.each<readonly [string, Uint8Array, string, string]>([
  [
    'a missing initializer',
    onnx({ initializers: [tensor('w', [4, 3])] }),
    'onnx-input-missing',
    '"b"',
  ],
  [
    'an operator of another domain',
    onnx({ nodes: [node('Gelu', ['x'], ['y'], [7, 'com.microsoft'])] }),
    'onnx-operator-not-supported',
    'com.microsoft',
  ],
  [
    'an operator that is not known',
    onnx({ nodes: [node('Evil', ['x'], ['y'])] }),
    'onnx-operator-not-supported',
    'the_Evil',
  ],
  [
    'random numbers',
    onnx({ nodes: [node('RandomNormalLike', ['x'], ['y'])] }),
    'onnx-operator-not-supported',
    'same numbers',
  ],
  [
    'control flow',
    onnx({ nodes: [node('If', ['x'], ['y'], [5, message([1, 'then_branch'], [6, body])])] }),
    'onnx-attribute-not-supported',
    'then_branch',
  ],
  [
    'external data by location',
    onnx({ initializers: [tensor('w', [4, 3], [13, external]), tensor('b', [3])] }),
    'onnx-external-data',
    '"w"',
  ],
  [
    'external data by flag',
    onnx({ initializers: [tensor('w', [4, 3], [14, 1]), tensor('b', [3])] }),
    'onnx-external-data',
    '"w"',
  ],
  [
    'external data in a constant',
    onnx({
      nodes: [
        node('Constant', [], ['c'], [5, message([1, 'value'], [5, tensor('t', [3], [14, 1])])]),
        node('Gemm', ['x', 'w', 'c'], ['y']),
      ],
    }),
    'onnx-external-data',
    'the_Constant',
  ],
  ['opset 22', onnx({ opset: 22 }), 'onnx-opset-not-supported', 'opset 22'],
  ['opset 6', onnx({ opset: 6 }), 'onnx-opset-not-supported', 'opset 6'],
  ['no opset', message([1, 8], [7, message([2, 'graph'])]), 'onnx-opset-not-supported', 'opset'],
  ['a newer file format', onnx({ irVersion: 12 }), 'onnx-ir-version-not-supported', 'version 12'],
  [
    'a weight of 10 GB',
    onnx({
      initializers: [tensor('w', [50_000, 50_000], [9, new Uint8Array(4)]), tensor('b', [3])],
    }),
    'onnx-tensor-too-large',
    '10000000000 bytes',
  ],
  [
    'a tensor of 10 GB in between',
    onnx({ values: [value('big', ['batch', 2_500_000_000])] }),
    'onnx-tensor-too-large',
    '"big"',
  ],
  [
    'a weight with fewer bytes than its shape',
    onnx({ initializers: [tensor('w', [4, 3], [9, new Uint8Array(44)]), tensor('b', [3])] }),
    'onnx-tensor-damaged',
    '44 bytes',
  ],
  [
    'a weight with more numbers than its shape',
    onnx({ initializers: [tensor('w', [4, 3], [4, new Uint8Array(52)]), tensor('b', [3])] }),
    'onnx-tensor-damaged',
    '13 numbers',
  ],
  [
    'a weight without numbers',
    onnx({ initializers: [message([1, [4, 3]], [2, 1], [8, 'w']), tensor('b', [3])] }),
    'onnx-tensor-damaged',
    '0 numbers',
  ],
  [
    'a weight of text',
    onnx({ initializers: [message([1, 1], [2, 8], [8, 'w'], [6, 'a'])] }),
    'onnx-type-not-supported',
    'string',
  ],
  [
    'a negative side',
    onnx({ initializers: [tensor('w', [-4, -3], [9, new Uint8Array(48)])] }),
    'onnx-shape-not-valid',
    '-4',
  ],
  [
    'functions',
    onnx({ modelFields: [[25, message([1, 'f'])]] }),
    'onnx-functions-not-supported',
    'inline',
  ],
  ['training steps', onnx({ modelFields: [[20, message()]] }), 'onnx-training-info', 'inference'],
  [
    'a sparse weight',
    onnx({ graphFields: [[15, message()]] }),
    'onnx-type-not-supported',
    'sparse',
  ],
  ['a second graph', onnx({ modelFields: [[7, body]] }), 'protobuf-damaged', 'two graphs'],
  ['no graph', message([1, 8], [8, message([2, 17])]), 'protobuf-damaged', 'no graph'],
  [
    'two inputs',
    onnx({ inputs: [value('x', ['n', 4]), value('mask', ['n', 4])] }),
    'onnx-inputs-not-supported',
    '"mask"',
  ],
  [
    'an input of bytes',
    onnx({ inputs: [value('x', ['n', 4], 2)] }),
    'onnx-inputs-not-supported',
    'uint8',
  ],
  [
    'an input of unknown size',
    onnx({ inputs: [value('x', ['n', 'features'])] }),
    'input-shape-not-supported',
    '[?, ?]',
  ],
  [
    'an output of labels',
    onnx({ outputs: [value('y', ['n'], 7)] }),
    'output-is-not-classes',
    'float',
  ],
  [
    'one number a row',
    onnx({ outputs: [value('y', ['n', 1])] }),
    'output-is-not-classes',
    '[?, 1]',
  ],
  [
    'a sigmoid at the end',
    onnx({ nodes: [node('Gemm', ['x', 'w', 'b'], ['z']), node('Sigmoid', ['z'], ['y'])] }),
    'output-is-not-classes',
    'Sigmoid',
  ],
  [
    'a name given twice',
    onnx({ nodes: [node('Relu', ['x'], ['y']), node('Relu', ['x'], ['y'])] }),
    'onnx-wiring-not-valid',
    '"y"',
  ],
  [
    'an output that nothing gives',
    onnx({ outputs: [value('z', ['n', 3])] }),
    'onnx-wiring-not-valid',
    '"z"',
  ],
  [
    'garbage',
    Uint8Array.from({ length: 500 }, (_, index) => (index * 197) % 251),
    'protobuf-damaged',
    'ONNX file',
  ],
  ['nothing', new Uint8Array(0), 'protobuf-damaged', 'no graph'],
])('%s is refused', async (_what, bytes, code, words) => {
  const error = await read(bytes).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ModelError)
  expect(error).toMatchObject({ code, message: expect.stringContaining(words) })
})

test('a file that is cut off anywhere is refused', async () => {
  await read(CONVNET)
  for (let length = 0; length < CONVNET.length; length += 97)
    await expect(read(CONVNET.subarray(0, length))).rejects.toBeInstanceOf(ModelError)
})

test('a file with any byte changed is read or refused, never anything else', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(CONVNET.length - 1),
      fc.integer({ min: 1, max: 255 }),
      async (at, change) => {
        const bytes = Uint8Array.from(CONVNET)
        bytes[at] = (bytes[at] ?? 0) ^ change
        const outcome = await read(bytes).then(
          () => true,
          (error: unknown) => error instanceof ModelError,
        )
        expect(outcome).toBe(true)
      },
    ),
    // A type of wire that does not fit, at the places where the version of the format and the opset stand.
    {
      numRuns: 300,
      examples: [
        [11514, 10],
        [11515, 4],
      ],
    },
  )
})
