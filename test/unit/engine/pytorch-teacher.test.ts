/** Oracle: logits that PyTorch gave for the same rows (test/fixtures/generate/pytorch.py). */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Architecture } from '../../../src/domain/architecture.ts'
import type { LayerSpec } from '../../../src/domain/layers.ts'
import { weightBytes } from '../../../src/models/safetensors/rearrange.ts'
import {
  ownFile,
  readSafetensorsModel,
  type SafetensorsModel,
} from '../../../src/models/safetensors/safetensors-model.ts'
import type { WeightLayout } from '../../../src/models/safetensors/wanted-modules.ts'
import { readSafetensors } from '../../../workers/engine/export/safetensors.ts'
import { allRows, predict } from '../../../workers/engine/predict.ts'
import { matchWeights } from '../../../workers/engine/weights.ts'
import { type Entry, entriesOf, float32, safetensorsFile } from '../../support/safetensors-file.ts'
import { collect } from '../models/memory-source.ts'
import { fixture, readJson } from './support.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'pytorch-teacher-'))
afterAll(() => rmSync(folder, { recursive: true }))

const EPSILON = 1e-5
const LAYERS: LayerSpec[] = [
  { type: 'conv2d', filters: 4, kernelSize: 3, padding: 'same' },
  { type: 'batchNormalization', epsilon: EPSILON },
  { type: 'activation', activation: 'relu' },
  { type: 'maxPooling2d' },
  { type: 'depthwiseConv2d', kernelSize: [3, 2], depthMultiplier: 2, useBias: false },
  { type: 'conv2d', filters: 5, kernelSize: 1 },
  { type: 'flatten' },
  { type: 'batchNormalization', epsilon: EPSILON },
  { type: 'dense', units: 12, activation: 'relu' },
  { type: 'dense', units: 12, activation: 'tanh' },
  { type: 'dense', units: 3 },
]
const state = readFileSync(fixture('pytorch/net.safetensors'))
const order = JSON.stringify(
  [
    ['0', ['weight', 'bias']],
    ['1', ['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked']],
    ['4', ['weight']],
    ['5', ['weight', 'bias']],
    ['7', ['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked']],
    ['8', ['weight', 'bias']],
    ['10', ['weight', 'bias']],
    ['12', ['weight', 'bias']],
  ].flatMap(([module, names]) => (names as string[]).map((name) => `${module}.${name}`)),
)

async function read(
  file: Buffer,
  layers: readonly LayerSpec[] = LAYERS,
  layout: WeightLayout = 'pytorch',
): Promise<SafetensorsModel> {
  const weightsPath = path.join(folder, `${Math.random()}.safetensors`)
  writeFileSync(weightsPath, file)
  return readSafetensorsModel({
    path: weightsPath,
    architecture: { layers },
    layout,
    context: {
      inputShape: [8, 8, 2],
      classes: null,
      checkArchitecture: (json) => json as Architecture,
    },
  })
}

const expected = readJson(fixture('pytorch/expected.json')) as { rows: number[]; logits: number[] }
const rows = { count: 16, shape: [8, 8, 2], width: 128, values: Float32Array.from(expected.rows) }

async function logitsOf(model: SafetensorsModel): Promise<Float32Array> {
  const weights = readSafetensors(await collect(ownFile(model, null, null))).arrays
  const matched = matchWeights(model.network, weights)
  const { signal } = new AbortController()
  return predict(model.network, matched, rows, allRows(rows), null, signal)
}

async function expectAnswers(model: SafetensorsModel, tolerance = 1e-5): Promise<void> {
  const logits = await logitsOf(model)
  expect(logits).toHaveLength(48)
  for (const [index, want] of expected.logits.entries())
    expect(Math.abs((logits[index] ?? Number.NaN) - want)).toBeLessThan(tolerance)
}

const renamed = (rename: (name: string) => string, keep = (_: Entry): boolean => true): Entry[] =>
  entriesOf(state)
    .filter(keep)
    .map((entry) => ({ ...entry, name: rename(entry.name) }))

test('a PyTorch net answers here as it does there, through the order in the metadata', async () => {
  const model = await read(state)
  expect(model.notes).toEqual([])
  await expectAnswers(model)
})

test('a depthwise and a 1x1 convolution of PyTorch are one separable convolution here', async () => {
  const separable: LayerSpec[] = [
    ...LAYERS.slice(0, 4),
    { type: 'separableConv2d', filters: 5, kernelSize: [3, 2], depthMultiplier: 2 },
    ...LAYERS.slice(6),
  ]
  await expectAnswers(await read(state, separable))
  await expectAnswers(await read(safetensorsFile(entriesOf(state)), separable))
})

test('without that order, modules that are numbered are taken by number and shape', async () => {
  await expectAnswers(await read(safetensorsFile(entriesOf(state))))
  const nested = (name: string) =>
    name.replace(/^(\d+)/, (_, at) => (Number(at) < 7 ? `features.${at}` : `classifier.${at}`))
  await expectAnswers(await read(safetensorsFile(renamed(nested))))
})

const MODULES = ['0', '1', '4', '5', '7', '8', '10', '12']
/** Names in which alphabetical order is not the order of the layers. */
const NAMES = ['stem', 'norm', 'deep', 'wide', 'flat_norm', 'fc_z', 'fc_a', 'head']
const byModule = (name: string): string =>
  name.replace(/^(\d+)/, (_, at) => NAMES[MODULES.indexOf(at)] ?? '')

test('modules with the names of the layers are taken by name', async () => {
  let at = 0
  const withWeights = new Set(['conv2d', 'batchNormalization', 'depthwiseConv2d', 'dense'])
  const named = LAYERS.map((layer) =>
    withWeights.has(layer.type) ? { ...layer, name: NAMES[at++] ?? '' } : layer,
  )
  await expectAnswers(await read(safetensorsFile(renamed(byModule)), named))
})

test('modules of one shape whose names say no order are refused, not guessed', async () => {
  const layers = LAYERS.map((layer, at) =>
    at === 8 ? ({ type: 'dense', units: 30, activation: 'relu' } as const) : layer,
  )
  const twins = renamed(byModule, ({ name }) => !/^(8|10|12)\./.test(name))
  const twin = (name: string): Entry[] => [
    { name: `${name}.weight`, dtype: 'F32', shape: [30, 30], bytes: new Uint8Array(3600) },
    { name: `${name}.bias`, dtype: 'F32', shape: [30], bytes: new Uint8Array(120) },
  ]
  const wide: LayerSpec[] = [
    ...layers.slice(0, 9),
    { type: 'dense', units: 30 },
    { type: 'dense', units: 3 },
  ]
  const head: Entry[] = [
    { name: 'head.weight', dtype: 'F32', shape: [3, 30], bytes: new Uint8Array(360) },
    { name: 'head.bias', dtype: 'F32', shape: [3], bytes: new Uint8Array(12) },
  ]
  const file = (...names: string[]) => safetensorsFile([...twins, ...names.flatMap(twin), ...head])
  await expect(read(file('query', 'key'), wide)).rejects.toThrow(
    /"(query|key)" and "(query|key)" have the same shapes.*export_state_dict\.py/,
  )
  await expect(read(file('fc2', 'fc10'), wide)).resolves.toBeDefined()
})

test('an order that is not that of the layers is refused at the place where it differs', async () => {
  const swapped = JSON.stringify([...(JSON.parse(order) as string[])].reverse())
  await expect(read(safetensorsFile(entriesOf(state), { order: swapped }))).rejects.toThrow(
    /conv2d_1: weight \[4, 2, 3, 3\], bias \[4\] is expected as number 1, but "12": bias \[3\], weight \[3, 12\] is there/,
  )
  await expect(
    read(safetensorsFile(entriesOf(state), { order: '["0.weight"]' })),
  ).rejects.toMatchObject({ code: 'weights-order-not-valid' })
})

test('float16, bfloat16 and float64 weights become float32', async () => {
  const values = (entry: Entry) => new Float32Array(new Uint8Array(entry.bytes).buffer)
  const as = (dtype: string, encode: (values: Float32Array) => ArrayBufferLike): Buffer =>
    safetensorsFile(
      entriesOf(state).map((entry) =>
        entry.dtype === 'F32'
          ? { ...entry, dtype, bytes: new Uint8Array(encode(values(entry))) }
          : entry,
      ),
      { order },
    )
  await expectAnswers(await read(as('F64', (v) => Float64Array.from(v).buffer)))
  await expectAnswers(await read(as('F16', (v) => Float16Array.from(v).buffer)), 5e-3)
  const high = (v: Float32Array) =>
    Uint16Array.from(new Uint32Array(v.buffer), (bits) => bits >>> 16).buffer
  await expectAnswers(await read(as('BF16', high)), 5e-2)
})

test('a missing scale is 1, a missing bias is an error that lists both sides with shapes', async () => {
  const without = (pattern: RegExp) =>
    safetensorsFile(
      renamed(
        (name) => name,
        ({ name }) => !pattern.test(name),
      ),
    )
  const plain = await read(without(/^7\.(weight|bias)$/))
  const arrays = readSafetensors(await collect(ownFile(plain, null, null))).arrays
  const named = (name: string) => arrays.find((array) => array.name === name)?.values
  expect(named('batchNormalization_8.gamma')).toEqual(new Float32Array(30).fill(1))
  expect(named('batchNormalization_8.beta')).toEqual(new Float32Array(30))
  await expect(read(without(/^12\.bias$/))).rejects.toMatchObject({
    code: 'weights-do-not-match',
    message: expect.stringMatching(
      /dense_11: weight \[3, 12\], bias \[3\].*The file has.*"12": weight \[3, 12\]/,
    ),
  })
})

test('weights of another layout are refused with the setting that is missing', async () => {
  await expect(read(state, LAYERS, 'channels-last')).rejects.toThrow(/say layout=pytorch/)
})

test('a kernel that is made in small windows is the same, and a number that is not finite is found', async () => {
  const model = await read(state)
  for (const weight of model.weights) {
    const whole = await collect(weightBytes(model.path, weight))
    for (const window of [1, 7, 100])
      expect(await collect(weightBytes(model.path, weight, window))).toEqual(whole)
  }
  const broken = entriesOf(state).map((entry) => {
    if (entry.name !== '8.weight') return entry
    const values = new Float32Array(new Uint8Array(entry.bytes).buffer)
    values[2 * 30 + 4] = Number.POSITIVE_INFINITY
    return { ...entry, bytes: float32(values) }
  })
  const infinite = await read(safetensorsFile(broken, { order }))
  await expect(collect(ownFile(infinite, null, null))).rejects.toMatchObject({
    code: 'weight-not-finite',
    message: expect.stringMatching(/"8\.weight".*\[2, 4\]/),
  })
})

test('layers that keep the epsilon of Keras are noted', async () => {
  const keras = LAYERS.map((layer) =>
    layer.type === 'batchNormalization' ? { type: layer.type } : layer,
  )
  expect((await read(state, keras)).notes).toEqual([
    expect.stringMatching(/^batchNormalization_2 has epsilon 0\.001; PyTorch's default is 1e-5/),
    expect.stringMatching(/^batchNormalization_8/),
  ])
})

test('branches are followed: flattened images that are put together keep their own order', async () => {
  const layers: LayerSpec[] = [
    { type: 'conv2d', name: 'a', filters: 3, kernelSize: 1 },
    { type: 'conv2d', name: 'b', filters: 2, kernelSize: 1, inputs: ['input'] },
    { type: 'flatten', name: 'fa', inputs: ['a'] },
    { type: 'flatten', name: 'fb', inputs: ['b'] },
    { type: 'concatenate', inputs: ['fa', 'fb'] },
    { type: 'dense', name: 'head', units: 2 },
  ]
  const ascending = (count: number) =>
    new Uint8Array(Float32Array.from({ length: count }, (_, index) => index).buffer)
  const tensor = (name: string, ...shape: number[]): Entry => ({
    name,
    dtype: 'F32',
    shape,
    bytes: ascending(shape.reduce((product, side) => product * side, 1)),
  })
  const file = safetensorsFile([
    tensor('a.weight', 3, 2, 1, 1),
    tensor('a.bias', 3),
    tensor('b.weight', 2, 2, 1, 1),
    tensor('b.bias', 2),
    tensor('head.weight', 2, 320),
    tensor('head.bias', 2),
  ])
  const model = await read(file, layers)
  const arrays = readSafetensors(await collect(ownFile(model, null, null))).arrays
  const kernel = arrays.find(({ name }) => name === 'head.kernel')?.values ?? []
  // Row of ours: pixel 1, channel 2 of branch a; in PyTorch feature 2 · 64 + 1.
  expect(kernel[2 * (1 * 3 + 2)]).toBe(2 * 64 + 1)
  // Pixel 5, channel 1 of branch b, after the 192 of a.
  expect(kernel[2 * (192 + 5 * 2 + 1)]).toBe(192 + 64 + 5)
  // Second output.
  expect(kernel[2 * (192 + 5 * 2 + 1) + 1]).toBe(320 + 192 + 64 + 5)
})
