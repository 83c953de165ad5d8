import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, expect, test } from 'vitest'
import { ACTIVATIONS } from '../../../src/domain/activation.ts'
import type { Preset } from '../../../src/domain/architecture.ts'
import type { LayerSpec } from '../../../src/domain/layers.ts'
import { LAYER_TYPES } from '../../../src/domain/layers.ts'
import { presetLayers } from '../../../src/domain/presets.ts'
import { zipLayersModel } from '../../../src/models/export/layers-model.ts'
import { layersModel } from '../../../workers/engine/export/tfjs.ts'
import {
  type FittedNormalization,
  fitNormalization,
} from '../../../workers/engine/normalization.ts'
import { predict } from '../../../workers/engine/predict.ts'
import { randomStream, uniform } from '../../../workers/engine/random.ts'
import { tf } from '../../../workers/engine/tensorflow.ts'
import { initialize, type NamedArray } from '../../../workers/engine/weights.ts'
import { unzip } from '../models/export/unzip.ts'
import {
  asTokens,
  BRANCHES,
  EVERY_LAYER,
  MORE_LAYERS,
  networkOf,
  randomRows,
  rowNumbers,
  SEQUENCES,
  TOKENS,
} from './support.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'tfjs-export-'))
afterAll(() => rmSync(folder, { recursive: true }))

const unpack = (zip: Buffer): Promise<string[]> => unzip(zip, folder)

/** Weights that differ from their start values, moving averages and all. */
const trainedLike = (weights: NamedArray[]): NamedArray[] =>
  weights.map((array, index) => {
    const noise = uniform(array.values.length, 0.5, randomStream(index + 1))
    return { ...array, values: array.values.map((value, at) => value + (noise[at] ?? 0)) }
  })

async function expectSameLogits(
  inputShape: number[],
  specs: readonly LayerSpec[],
  scale: number,
  normalize: boolean,
): Promise<void> {
  const network = networkOf(inputShape, specs)
  const weights = trainedLike(initialize(network, 5))
  const random = randomRows(20, inputShape, 3)
  const hasTokens = specs.some(({ type }) => type === 'embedding')
  const data = hasTokens ? asTokens(random, 9) : random
  if (!hasTokens) data.values.set(data.values.map((value, index) => scale * (value + (index % 3))))
  const normalization: FittedNormalization | null = normalize
    ? fitNormalization(data, rowNumbers(20))
    : null
  const zip = await buffer(zipLayersModel(layersModel(network, weights, normalization, {})))
  expect(await unpack(zip)).toEqual(['model.json', 'weights.bin'])
  const model = await tf.loadLayersModel(`file://${folder}/model.json`)
  const inputs = tf.tensor(Float32Array.from(data.values), [20, ...inputShape])
  const got = (model.predict(inputs) as tf.Tensor).dataSync()
  const want = await predict(
    network,
    weights,
    data,
    rowNumbers(20),
    normalization,
    new AbortController().signal,
  )
  expect(got.length).toBe(want.length)
  const largest = Math.max(1, ...want.map(Math.abs))
  for (const [index, value] of want.entries())
    expect(Math.abs((got[index] ?? Number.NaN) - value)).toBeLessThan(1e-5 * largest)
}

test('the networks of the next test have every layer type', () => {
  const types = new Set([
    ...[...EVERY_LAYER, ...MORE_LAYERS, ...BRANCHES, ...SEQUENCES, ...TOKENS].map(
      ({ type }) => type,
    ),
    'globalAveragePooling2d',
  ])
  expect([...types].sort()).toEqual([...LAYER_TYPES].sort())
})

test('a model of every layer type gives the same logits when TensorFlow.js loads it', async () => {
  await expectSameLogits([6, 6, 2], EVERY_LAYER, 1, false)
  await expectSameLogits([6, 6, 2], EVERY_LAYER, 100, true)
  await expectSameLogits([7, 6, 2], MORE_LAYERS, 3, true)
  await expectSameLogits(
    [6, 6, 2],
    [
      { type: 'conv2d', filters: 4, kernelSize: 3, strides: 2, padding: 'same' },
      { type: 'globalAveragePooling2d' },
      { type: 'dense', units: 3 },
    ],
    1,
    true,
  )
})

test('layers on sequences, those that TensorFlow.js lacks included, give the same logits', async () => {
  await expectSameLogits([24], SEQUENCES, 1, false)
  await expectSameLogits([4, 3, 2], SEQUENCES, 30, true)
  await expectSameLogits([12], TOKENS, 1, false)
  const leaky: LayerSpec = {
    type: 'depthwiseConv1d',
    name: 'steps',
    kernelSize: 3,
    activation: 'leakyRelu',
  }
  await expectSameLogits(
    [24],
    [
      { type: 'reshape', targetShape: [12, 2] },
      leaky,
      { type: 'flatten', name: 'steps_sequence' },
      { type: 'dense', units: 3, name: 'steps_image' },
    ],
    1,
    true,
  )
})

test.each(ACTIVATIONS)('%s in every place gives the same logits', (activation) =>
  expectSameLogits(
    [6, 6, 2],
    [
      { type: 'conv2d', filters: 4, kernelSize: 3, activation, name: 'a' },
      { type: 'activation', activation, name: 'a_leakyRelu' },
      { type: 'flatten' },
      { type: 'dense', units: 3, activation },
    ],
    2,
    true,
  ),
)

test.each([1e-4, 1e-2, 1, 255, 1e6])('normalization is exact for features around %d', (scale) =>
  expectSameLogits([5], [{ type: 'dense', units: 3, name: 'normalization' }], scale, true),
)

test('a model with branches gives the same logits as a functional model', async () => {
  await expectSameLogits([6, 5, 2], BRANCHES, 1, false)
  await expectSameLogits([6, 5, 2], BRANCHES, 5, true)
})

test.each<Preset>(['resnet20', 'wrn-16-2', 'vgg8', 'mobilenet-tiny'])(
  'preset %s gives the same logits as a layers model',
  (preset) => expectSameLogits([9, 8, 3], presetLayers(preset, {}, [9, 8, 3], 3), 1, true),
)

test('a flatten layer may read a vector', () =>
  expectSameLogits([4], [{ type: 'flatten' }, { type: 'dense', units: 3 }], 1, true))

test('an input layer gets a name of its own', () =>
  expectSameLogits(
    [4],
    [
      { type: 'dense', units: 4, name: 'normalization' },
      { type: 'add', inputs: ['normalization', 'input'], name: 'input_' },
      { type: 'dense', units: 3 },
    ],
    2,
    true,
  ))

test('the same model gives the same bytes, in any time zone', async () => {
  const network = networkOf([5], [{ type: 'dense', units: 3 }])
  const zipped = () =>
    buffer(zipLayersModel(layersModel(network, initialize(network, 1), null, { seed: 1 })))
  const zone = process.env.TZ
  const here = await zipped()
  process.env.TZ = 'Pacific/Auckland'
  const there = await zipped()
  if (zone === undefined) delete process.env.TZ
  else process.env.TZ = zone
  expect(there).toEqual(here)
})
