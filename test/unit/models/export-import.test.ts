import { expect, test } from 'vitest'
import { ACTIVATIONS } from '../../../src/domain/activation.ts'
import { PRESETS, type Preset } from '../../../src/domain/architecture.ts'
import type { LayerSpec } from '../../../src/domain/layers.ts'
import type { Network } from '../../../src/domain/network.ts'
import { presetLayers } from '../../../src/domain/presets.ts'
import { readLayersModel } from '../../../src/models/read-layers-model.ts'
import { layersModel } from '../../../workers/engine/export/tfjs.ts'
import { initialize } from '../../../workers/engine/weights.ts'
import {
  BRANCHES,
  EVERY_LAYER,
  MORE_LAYERS,
  networkOf,
  SEQUENCES,
  TOKENS,
} from '../engine/support.ts'

const exported = (network: Network): unknown =>
  JSON.parse(JSON.stringify(layersModel(network, initialize(network, 1), null, {}).model))

const withoutLeakyRelu = (specs: readonly LayerSpec[]): LayerSpec[] =>
  specs.map((spec) =>
    spec.type === 'conv2d' && spec.activation === 'leakyRelu'
      ? { ...spec, activation: 'gelu' }
      : spec,
  )

const dense: LayerSpec = { type: 'dense', units: 3 }

test.each<[string, readonly LayerSpec[]]>([
  ['common layers', EVERY_LAYER],
  ['less common layers', MORE_LAYERS],
  ['branches', withoutLeakyRelu(BRANCHES)],
  ['tokens', TOKENS],
  [
    'layers on sequences that TensorFlow.js has',
    SEQUENCES.filter(
      ({ type }) => !/^(depthwiseConv1d|separableConv1d|zeroPadding1d|upSampling1d)$/.test(type),
    ),
  ],
  ['global average pooling', [{ type: 'globalAveragePooling2d' }, dense]],
  [
    'every activation',
    [
      { type: 'flatten' },
      ...ACTIVATIONS.map((activation): LayerSpec => ({ type: 'activation', activation })),
      dense,
    ],
  ],
])('what is exported and read again is the same network: %s', (_, specs) => {
  const network = networkOf([7, 6, 2], specs)
  const { network: read, tensors } = readLayersModel(exported(network))
  expect(read).toEqual(network)
  expect(tensors.map(({ kind }) => kind)).not.toContain('constant')
})

test.each(Object.keys(PRESETS) as Preset[])('preset %s comes back as it went out', (preset) => {
  const shape = [12, 11, 3]
  const network = networkOf(shape, presetLayers(preset, {}, shape, 10))
  expect(readLayersModel(exported(network)).network).toEqual(network)
})

test('an activation that became a layer of its own comes back as one', () => {
  const network = networkOf([4], [{ ...dense, activation: 'leakyRelu', name: 'out' }])
  expect(readLayersModel(exported(network)).network.layers).toMatchObject([
    { name: 'out', layer: { type: 'dense', activation: 'linear' } },
    {
      name: 'out_leakyRelu',
      layer: { type: 'activation', activation: 'leakyRelu', negativeSlope: 0.2 },
    },
  ])
})
