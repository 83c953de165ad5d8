/** SavedModels that do anything but compute are refused in words; nothing of them is run to find out. */
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openArchive } from '../../../../src/models/archive.ts'
import { ModelError } from '../../../../src/models/model-error.ts'
import { readMetaGraphs } from '../../../../src/models/saved-model/messages.ts'
import {
  readSavedModel,
  type SavedModelChoices,
} from '../../../../src/models/saved-model/read-saved-model.ts'
import { message } from '../../../support/protobuf.ts'
import {
  functionAttribute,
  functionDef,
  nodeDef,
  savedModel,
  shapeAttribute,
  signature,
  tensorAttribute,
  tensorInfo,
  typeAttribute,
  zipOf,
} from './build-saved-model.ts'

const FIXTURES = path.resolve(import.meta.dirname, '../../../fixtures/saved-model')

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'saved-model-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function readZip(file: string, choices: Partial<SavedModelChoices> = {}) {
  const archive = await openArchive(file)
  try {
    return await readSavedModel(archive, {
      layout: null,
      output: null,
      signature: null,
      ...choices,
    })
  } finally {
    archive.close()
  }
}

async function read(
  graph: Uint8Array,
  choices: Partial<SavedModelChoices> = {},
  variables: Readonly<Record<string, Uint8Array>> = {},
) {
  const file = path.join(folder, 'model.zip')
  await zipOf(file, { 'model/saved_model.pb': graph, ...variables })
  return readZip(file, choices)
}

test('a model of Keras says what it takes and gives', async () => {
  const { graph, part, variables, notes } = await readZip(path.join(FIXTURES, 'convnet.zip'))
  expect(graph).toMatchObject({
    inputShape: [7, 6, 3],
    classes: 4,
    input: { name: 'serving_default_keras_tensor:0', layout: 'channels-last', batchRows: null },
    taps: [],
    // Two convolutions, four vectors of the normalization, and a dense layer.
    parameters: 3 * 9 * 6 + 6 + 24 + 6 * 9 * 6 + 6 + 54 * 4 + 4,
  })
  expect(part).toEqual({
    signature: 'serving_default',
    output: 'output_0',
    layout: 'channels-last',
  })
  expect([...variables.keys()].sort()).toEqual(['variables.data-00000-of-00001', 'variables.index'])
  expect(notes).toEqual([])
})

test('what TensorFlow is given has neither the saving of the model nor what is not reached', async () => {
  const { graphBytes } = await readZip(path.join(FIXTURES, 'convnet.zip'))
  const [meta] = readMetaGraphs(graphBytes)
  const ops = new Set(
    [meta?.nodes ?? [], ...(meta?.functions ?? []).map(({ nodes }) => nodes)]
      .flat()
      .map(({ op }) => op),
  )
  expect(ops).toContain('Conv2D')
  expect(ops).toContain('RestoreV2')
  for (const op of ['SaveV2', 'MergeV2Checkpoints', 'ShardedFilename'])
    expect(ops).not.toContain(op)
  expect(meta?.signatures.size).toBe(0)
})

test('the softmax at the end is taken off, and said so', async () => {
  const { notes } = await readZip(path.join(FIXTURES, 'mlp-softmax.zip'))
  expect(notes).toEqual([expect.stringContaining('softmax that gives "output_0" is taken off')])
})

test.each([
  ['reads-a-file', 'ReadFile', 'reads or writes files'],
  ['calls-python', 'PyFunc', 'calls Python'],
])('the model of TensorFlow that %s is refused', async (name, op, why) => {
  await expect(readZip(path.join(FIXTURES, `${name}.zip`))).rejects.toMatchObject({
    code: 'saved-model-operation-refused',
    message: expect.stringMatching(new RegExp(`\\(${op}\\) of function .*${why}`)),
  })
})

const infos = { rows: tensorInfo('x:0', [-1, 4]) }
const VARIABLE = nodeDef(
  'w',
  'VarHandleOp',
  [],
  typeAttribute('dtype'),
  shapeAttribute('shape', [4, 4]),
)
const MULTIPLIED = [
  VARIABLE,
  nodeDef('read', 'ReadVariableOp', ['w'], typeAttribute('dtype')),
  nodeDef('y', 'MatMul', ['x', 'read']),
]
/** A graph that restores its variable from a path of its own. */
const restoring = (prefix: string) => ({
  nodes: [
    ...MULTIPLIED,
    nodeDef('filename', 'Placeholder'),
    nodeDef('own', 'Const'),
    nodeDef('restore', 'RestoreV2', [prefix]),
    nodeDef('assign', 'AssignVariableOp', ['w', 'restore']),
  ],
  metaFields: [[3, message([1, 'filename:0'], [3, 'assign'])]] as const,
})
const VARIABLES = {
  'model/variables/variables.index': new Uint8Array(10),
  'model/variables/variables.data-00000-of-00001': new Uint8Array(64),
}

test('variables are read from the files that came with the model', async () => {
  const { variables, graph } = await read(savedModel(restoring('filename')), {}, VARIABLES)
  expect(variables.size).toBe(2)
  expect(graph.parameters).toBe(16)
})

test.each<readonly [string, Uint8Array, string, string]>([
  ...[
    'WriteFile',
    'MatchingFiles',
    'EagerPyFunc',
    'PrintV2',
    'RpcCall',
    'HashTableV2',
    'LookupTableFindV2',
    'TFRecordDataset',
    'Send',
  ].map(
    (op) =>
      [
        `${op} that is not even reached`,
        savedModel({ nodes: [nodeDef('y', 'Relu', ['x']), nodeDef('bad', op)] }),
        'saved-model-operation-refused',
        `"bad" (${op})`,
      ] as const,
  ),
  [
    'an operation that is not on the list',
    savedModel({ nodes: [nodeDef('y', 'Mystery', ['x'])] }),
    'saved-model-operation-refused',
    '"y" (Mystery)',
  ],
  [
    'an operation in a function that is not on the list',
    savedModel({
      nodes: [nodeDef('y', 'PartitionedCall', ['x'], functionAttribute('f'))],
      functions: [functionDef('f', [nodeDef('inner', 'SaveV2', ['rows'])], 'inner:out:0')],
    }),
    'saved-model-operation-refused',
    'of function "f"',
  ],
  [
    'a variable that changes with every answer',
    savedModel({
      nodes: [
        VARIABLE,
        nodeDef('count', 'AssignVariableOp', ['w', 'x']),
        nodeDef('y', 'Relu', ['x', '^count']),
      ],
    }),
    'saved-model-operation-refused',
    'changes a variable',
  ],
  [
    'random numbers',
    savedModel({ nodes: [nodeDef('y', 'RandomUniform', ['x'])] }),
    'saved-model-operation-refused',
    'same numbers',
  ],
  [
    'a checkpoint of its own choice',
    savedModel(restoring('own')),
    'saved-model-operation-refused',
    'names itself',
  ],
  [
    'variables that were not sent',
    savedModel(restoring('filename')),
    'saved-model-variables-missing',
    'no variables.index',
  ],
  [
    'a variable of 10 GB',
    savedModel({
      nodes: [
        nodeDef(
          'w',
          'VarHandleOp',
          [],
          typeAttribute('dtype'),
          shapeAttribute('shape', [50_000, 50_000]),
        ),
        nodeDef('y', 'MatMul', ['x', 'w']),
      ],
    }),
    'saved-model-tensor-too-large',
    '[50000, 50000]',
  ],
  [
    'a constant of 10 GB',
    savedModel({
      nodes: [
        nodeDef('c', 'Const', [], tensorAttribute([50_000, 50_000])),
        nodeDef('y', 'Add', ['x', 'c']),
      ],
    }),
    'saved-model-tensor-too-large',
    '"c"',
  ],
  ['a graph for training', savedModel({ tags: ['train'] }), 'saved-model-not-valid', '"train"'],
  [
    'asset files',
    savedModel({ metaFields: [[6, message()]] }),
    'saved-model-assets',
    'vocabularies',
  ],
  ['no signature', savedModel({ signatures: {} }), 'signature-not-found', 'serving_default'],
  [
    'two inputs',
    savedModel({
      signatures: {
        serving_default: signature(
          { ...infos, mask: tensorInfo('x:0', [-1, 4]) },
          { y: tensorInfo('y:0', [-1, 4]) },
        ),
      },
    }),
    'saved-model-inputs-not-supported',
    '"mask"',
  ],
  [
    'an input of text',
    savedModel({
      signatures: {
        serving_default: signature(
          { text: tensorInfo('x:0', [-1], 7) },
          { y: tensorInfo('y:0', [-1, 4]) },
        ),
      },
    }),
    'saved-model-inputs-not-supported',
    '"text"',
  ],
  [
    'an output without classes',
    savedModel({
      signatures: { serving_default: signature(infos, { y: tensorInfo('y:0', [-1]) }) },
    }),
    'output-is-not-classes',
    '[?]',
  ],
  [
    'a sigmoid at the end of a function',
    savedModel({
      nodes: [nodeDef('y', 'PartitionedCall', ['x'], functionAttribute('f'))],
      functions: [functionDef('f', [nodeDef('inner', 'Sigmoid', ['rows'])], 'inner:y:0')],
    }),
    'output-is-not-classes',
    'sigmoid',
  ],
  [
    'a node that is missing',
    savedModel({ nodes: [nodeDef('y', 'Relu', ['nowhere'])] }),
    'saved-model-not-valid',
    '"nowhere"',
  ],
  [
    'garbage',
    Uint8Array.from({ length: 500 }, (_, index) => (index * 197) % 251),
    'protobuf-damaged',
    'saved_model.pb',
  ],
  ['nothing', new Uint8Array(0), 'saved-model-not-valid', '0 graphs'],
])('%s is refused', async (_what, graph, code, words) => {
  const error = await read(graph).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ModelError)
  expect(error).toMatchObject({ code, message: expect.stringContaining(words) })
})

test('variables with fewer bytes than the graph declares are refused', async () => {
  const short = {
    ...VARIABLES,
    'model/variables/variables.data-00000-of-00001': new Uint8Array(63),
  }
  await expect(read(savedModel(restoring('filename')), {}, short)).rejects.toMatchObject({
    code: 'saved-model-variables-missing',
    message: expect.stringContaining('64 bytes'),
  })
})

test('of several signatures and outputs the ones that are named are taken', async () => {
  const bytes = savedModel({
    nodes: [nodeDef('y', 'Relu', ['x']), nodeDef('z', 'Neg', ['x'])],
    signatures: {
      a: signature(infos, { one: tensorInfo('y:0', [-1, 4]), two: tensorInfo('z:0', [-1, 4]) }),
      b: signature(infos, { three: tensorInfo('z:0', [-1, 4]) }),
    },
  })
  expect((await read(bytes, { signature: 'a', output: 'two' })).graph.output).toBe('z:0')
  expect((await read(bytes, { signature: 'b' })).part.output).toBe('three')
  await expect(read(bytes)).rejects.toMatchObject({ code: 'signature-not-found' })
  await expect(read(bytes, { signature: 'a', output: 'x' })).rejects.toMatchObject({
    code: 'output-not-found',
  })
})

test('a graph with any byte changed is read or refused, never anything else', async () => {
  const archive = await openArchive(path.join(FIXTURES, 'convnet.zip'))
  const original = await buffer(archive.read('convnet/saved_model.pb'))
  archive.close()
  const sizes = { 'variables.index': 2000, 'variables.data-00000-of-00001': 9000 }
  const changed = (bytes: Uint8Array) => ({
    names: ['saved_model.pb', ...Object.keys(sizes).map((name) => `variables/${name}`)],
    sizeBytes: (name: string) => (name === 'saved_model.pb' ? bytes.length : 9000),
    read: async function* () {
      yield bytes
    },
    close: () => {},
  })
  await fc.assert(
    fc.asyncProperty(
      fc.nat(original.length - 1),
      fc.integer({ min: 1, max: 255 }),
      async (at, change) => {
        const bytes = Uint8Array.from(original)
        bytes[at] = (bytes[at] ?? 0) ^ change
        const outcome = await readSavedModel(changed(bytes), {
          layout: null,
          output: null,
          signature: null,
        }).then(
          () => true,
          (error: unknown) => error instanceof ModelError || error,
        )
        expect(outcome).toBe(true)
      },
    ),
    { numRuns: 100 },
  )
})

test('a zip that is a bomb or that leaves its folder is refused before it is read', async () => {
  const file = path.join(folder, 'bomb.zip')
  await zipOf(file, { 'model/saved_model.pb': new Uint8Array(50_000_000) })
  await expect(readZip(file)).rejects.toMatchObject({ code: 'zip-not-safe' })
  await zipOf(file, {
    'model/saved_model.pb': savedModel(),
    'model/variables/aa/outside': new Uint8Array(1),
  })
  const bytes = readFileSync(file)
  for (let at = bytes.indexOf('aa/outside'); at >= 0; at = bytes.indexOf('aa/outside', at + 1))
    bytes.write('..', at)
  writeFileSync(file, bytes)
  await expect(readZip(file)).rejects.toMatchObject({
    code: 'zip-not-safe',
    message: expect.stringContaining('leaves the zip'),
  })
})
