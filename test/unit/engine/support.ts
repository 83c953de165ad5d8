/** What the tests of the engine share: networks from layer lists, small datasets, fixtures. */
import { readFileSync } from 'node:fs'
import type { Architecture } from '../../../src/domain/architecture.ts'
import { inferNetwork } from '../../../src/domain/infer-network.ts'
import type { LayerSpec } from '../../../src/domain/layers.ts'
import { elements, type Network, type Shape } from '../../../src/domain/network.ts'
import { placeNetwork } from '../../../src/domain/place-network.ts'
import { resolveTraining, type Training, type TrainingSpec } from '../../../src/domain/training.ts'
import type { LabelledRows } from '../../../workers/engine/datasets.ts'
import { randomStream, uniform } from '../../../workers/engine/random.ts'

export const fixture = (name: string): URL => new URL(`../../fixtures/${name}`, import.meta.url)

export const readJson = (url: URL | string): unknown => JSON.parse(readFileSync(url, 'utf8'))

/** A network of any output, as `inferNetwork` would make it. */
export function networkOf(inputShape: Shape, specs: readonly LayerSpec[]): Network {
  const placement = placeNetwork(inputShape, specs)
  if ('fault' in placement) throw new Error(JSON.stringify(placement.fault))
  return placement.network
}

export function inferred(architecture: Architecture, inputShape: Shape, classes: number): Network {
  const result = inferNetwork(architecture, inputShape, classes, '')
  if ('issues' in result) throw new Error(JSON.stringify(result.issues))
  return result.network
}

/** Random features whose largest of the first `classes` numbers is the class, so that there is something to learn. */
export function randomRows(count: number, shape: Shape, classes: number, seed = 1): LabelledRows {
  const width = elements(shape)
  const values = uniform(count * width, 1, randomStream(seed))
  const labels = Int32Array.from({ length: count }, (_, row) => {
    const start = values.subarray(row * width, row * width + classes)
    return start.indexOf(Math.max(...start))
  })
  return { count, shape, width, values, classes, labels }
}

export const rowNumbers = (count: number, from = 0): Uint32Array =>
  Uint32Array.from({ length: count }, (_, index) => from + index)

/** The layer types that the next list has not, in one network for images. */
export const MORE_LAYERS: readonly LayerSpec[] = [
  {
    type: 'zeroPadding2d',
    padding: [
      [1, 0],
      [2, 1],
    ],
  },
  { type: 'depthwiseConv2d', kernelSize: 3, strides: 2, padding: 'same', depthMultiplier: 2 },
  { type: 'layerNormalization' },
  { type: 'upSampling2d', size: [2, 3] },
  { type: 'separableConv2d', filters: 5, kernelSize: [3, 2], depthMultiplier: 2, useBias: false },
  { type: 'depthwiseConv2d', kernelSize: 2, activation: 'relu6', useBias: false },
  { type: 'separableConv2d', filters: 4, kernelSize: 3, padding: 'same', activation: 'swish' },
  { type: 'globalMaxPooling2d' },
  { type: 'layerNormalization', epsilon: 0.01 },
  { type: 'dense', units: 3 },
]

/** A residual block with a projection, a concatenation and a second way from the rows. */
export const BRANCHES: readonly LayerSpec[] = [
  { type: 'conv2d', name: 'conv1', filters: 4, kernelSize: 3, padding: 'same', strides: 2 },
  { type: 'batchNormalization', name: 'norm1', epsilon: 0.01 },
  { type: 'activation', name: 'on1', activation: 'swish' },
  {
    type: 'conv2d',
    name: 'conv2',
    filters: 4,
    kernelSize: 3,
    padding: 'same',
    activation: 'leakyRelu',
  },
  {
    type: 'conv2d',
    name: 'shortcut',
    inputs: ['input'],
    filters: 4,
    kernelSize: 1,
    strides: 2,
    useBias: false,
  },
  { type: 'add', name: 'sum', inputs: ['conv2', 'shortcut', 'on1'] },
  { type: 'concatenate', name: 'both', inputs: ['sum', 'shortcut'] },
  { type: 'globalAveragePooling2d', name: 'mean' },
  { type: 'globalMaxPooling2d', name: 'largest', inputs: ['both'] },
  { type: 'concatenate', inputs: ['mean', 'largest'] },
  { type: 'dense', name: 'logits', units: 3 },
]

/** Layers on sequences, made of rows of an even number of features. */
export const SEQUENCES: readonly LayerSpec[] = [
  { type: 'reshape', targetShape: [-1, 2] },
  { type: 'rescaling', scale: 0.5, offset: 0.1 },
  {
    type: 'conv1d',
    filters: 4,
    kernelSize: 3,
    padding: 'same',
    useBias: false,
    activation: 'tanh',
  },
  { type: 'zeroPadding1d', padding: [1, 2] },
  { type: 'upSampling1d', size: 2 },
  { type: 'maxPooling1d', poolSize: 3, strides: 2, padding: 'same' },
  { type: 'batchNormalization' },
  {
    type: 'depthwiseConv1d',
    kernelSize: 3,
    strides: 2,
    padding: 'same',
    depthMultiplier: 2,
    activation: 'elu',
  },
  { type: 'averagePooling1d', poolSize: 2, strides: 1, padding: 'same' },
  { type: 'separableConv1d', filters: 5, kernelSize: 2, depthMultiplier: 2, activation: 'swish' },
  { type: 'conv1d', filters: 5, kernelSize: 2, strides: 2 },
  { type: 'layerNormalization', name: 'steps' },
  { type: 'globalAveragePooling1d', name: 'mean_step' },
  { type: 'globalMaxPooling1d', name: 'largest_step', inputs: ['steps'] },
  { type: 'concatenate', inputs: ['mean_step', 'largest_step'] },
  { type: 'dense', units: 3 },
]

/** A classifier of rows of token ids from 0 to 8. */
export const TOKENS: readonly LayerSpec[] = [
  { type: 'flatten' },
  { type: 'embedding', inputDim: 9, outputDim: 4 },
  { type: 'conv1d', filters: 4, kernelSize: 3, useBias: false, activation: 'relu' },
  { type: 'globalAveragePooling1d' },
  { type: 'dense', units: 3 },
]

/** The same rows with whole numbers from 0 to `tokens - 1` as features. */
export const asTokens = (rows: LabelledRows, tokens: number): LabelledRows => ({
  ...rows,
  values: rows.values.map((value) => Math.floor(((value + 1) / 2) * tokens * 0.9999)),
})

/** The layer types of small classifiers in one network, for images. */
export const EVERY_LAYER: readonly LayerSpec[] = [
  { type: 'conv2d', filters: 4, kernelSize: [3, 2], padding: 'same', activation: 'elu' },
  { type: 'batchNormalization', momentum: 0.8 },
  { type: 'activation', activation: 'relu' },
  { type: 'maxPooling2d', poolSize: 2, padding: 'same' },
  { type: 'conv2d', filters: 5, kernelSize: 2, strides: 1, useBias: false, activation: 'tanh' },
  { type: 'averagePooling2d', poolSize: 2, strides: 1, padding: 'same' },
  { type: 'dropout', rate: 0.25 },
  { type: 'flatten' },
  { type: 'dense', units: 6, activation: 'sigmoid' },
  { type: 'batchNormalization', epsilon: 0.01 },
  { type: 'dense', units: 3, useBias: false },
]

/** A training with its defaults; batches of 64 unless asked for otherwise. */
export const trainingOf = (spec: TrainingSpec = {}): Training => resolveTraining(spec, 64)
