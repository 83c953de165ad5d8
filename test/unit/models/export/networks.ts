/** Networks that together have every layer type, every activation in each of its places, and every preset. */
import { ACTIVATIONS } from '../../../../src/domain/activation.ts'
import { PRESETS, type Preset } from '../../../../src/domain/architecture.ts'
import type { LayerSpec } from '../../../../src/domain/layers.ts'
import type { Network } from '../../../../src/domain/network.ts'
import { presetLayers } from '../../../../src/domain/presets.ts'
import {
  BRANCHES,
  EVERY_LAYER,
  MORE_LAYERS,
  networkOf,
  SEQUENCES,
  TOKENS,
} from '../../engine/support.ts'

const dense: LayerSpec = { type: 'dense', units: 3 }

/** Windows whose padding is not the same on both sides, and images that are not square. */
const PADDINGS: readonly LayerSpec[] = [
  { type: 'conv2d', filters: 4, kernelSize: [4, 2], strides: [2, 3], padding: 'same' },
  { type: 'maxPooling2d', poolSize: [2, 3], strides: [1, 2], padding: 'same' },
  { type: 'averagePooling2d', poolSize: [4, 3], strides: [2, 1], padding: 'same' },
  { type: 'depthwiseConv2d', kernelSize: [2, 4], strides: 2, padding: 'same', depthMultiplier: 3 },
  { type: 'upSampling2d', size: [3, 2] },
  { type: 'maxPooling2d', poolSize: 1, strides: 2, padding: 'same' },
  { type: 'flatten' },
  { type: 'flatten' },
  dense,
]

const anyActivation = (activation: (typeof ACTIVATIONS)[number]): Network =>
  networkOf(
    [6, 6, 2],
    [
      { type: 'conv2d', filters: 4, kernelSize: 3, activation, name: 'a' },
      { type: 'activation', activation },
      { type: 'separableConv2d', filters: 3, kernelSize: 2, activation },
      { type: 'flatten' },
      { ...dense, activation },
    ],
  )

export const NETWORKS: readonly (readonly [string, Network])[] = [
  ['common layers', networkOf([6, 7, 2], EVERY_LAYER)],
  ['less common layers', networkOf([7, 6, 2], MORE_LAYERS)],
  ['branches', networkOf([6, 5, 2], BRANCHES)],
  ['sequences', networkOf([4, 3, 2], SEQUENCES)],
  ['tokens', networkOf([7], TOKENS)],
  ['uneven padding', networkOf([11, 14, 3], PADDINGS)],
  [
    'a vector',
    networkOf([5], [{ type: 'batchNormalization' }, { type: 'dropout', rate: 0.5 }, dense]),
  ],
  [
    'a table',
    networkOf(
      [4, 3],
      [
        { type: 'batchNormalization', name: 'a' },
        { type: 'layerNormalization', name: 'b' },
        { type: 'concatenate', inputs: ['a', 'b', 'input'] },
        { type: 'flatten' },
        dense,
      ],
    ),
  ],
  [
    'rows that are read twice',
    networkOf(
      [4, 4, 2],
      [
        { type: 'layerNormalization', name: 'a' },
        { type: 'activation', activation: 'tanh', name: 'b' },
        { type: 'add', inputs: ['a', 'b', 'input'] },
        { type: 'upSampling2d', size: 2 },
        { type: 'layerNormalization' },
        { type: 'flatten' },
        dense,
      ],
    ),
  ],
  [
    'names of the formats',
    networkOf(
      [4],
      [
        { type: 'dense', units: 4, name: 'logits' },
        { type: 'dense', units: 4, name: 'normalization' },
        { type: 'add', inputs: ['logits', 'normalization'], name: 'serving_default' },
        { ...dense, name: 'output' },
      ],
    ),
  ],
  ['no layer that computes', networkOf([3], [{ type: 'dropout', rate: 0.5 }])],
  ...ACTIVATIONS.map((activation) => [activation, anyActivation(activation)] as const),
]

const SHAPE = [12, 11, 3]
export const PRESET_NETWORKS: readonly (readonly [string, Network])[] = (
  Object.keys(PRESETS) as Preset[]
).map((preset) => [preset, networkOf(SHAPE, presetLayers(preset, {}, SHAPE, 10))])
