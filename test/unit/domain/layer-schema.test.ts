import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { Architecture, PRESETS, type Preset } from '../../../src/domain/architecture.ts'
import type { LayerSpec } from '../../../src/domain/layers.ts'
import { presetLayers } from '../../../src/domain/presets.ts'
import { BRANCHES, EVERY_LAYER, MORE_LAYERS, SEQUENCES, TOKENS } from '../engine/support.ts'

const isArchitecture = new Ajv({ discriminator: true, strict: false }).compile(Architecture)
const accepts = (...layers: unknown[]): boolean => isArchitecture({ layers })

test.each<[string, readonly LayerSpec[]]>([
  ['common layers', EVERY_LAYER],
  ['less common layers', MORE_LAYERS],
  ['branches', BRANCHES],
  ['sequences', SEQUENCES],
  ['tokens', TOKENS],
  ...(Object.keys(PRESETS) as Preset[]).map((preset): [string, LayerSpec[]] => [
    `the layers of preset ${preset}`,
    presetLayers(preset, {}, [32, 32, 3], 10),
  ]),
])('a client may write %s', (_, layers) => {
  expect(accepts(...layers)).toBe(true)
})

test.each<[string, object]>([
  ['no inputs', { type: 'add', inputs: [] }],
  ['inputs that are numbers', { type: 'add', inputs: [1, 2] }],
  ['a padding below 0', { type: 'zeroPadding2d', padding: [-1, 1] }],
  ['three paddings', { type: 'zeroPadding2d', padding: [1, 1, 1] }],
  ['an upsampling by 33', { type: 'upSampling2d', size: 33 }],
  ['a misspelt field', { type: 'depthwiseConv2d', kernelSize: 3, filters: 4 }],
  ['a separable convolution without filters', { type: 'separableConv2d', kernelSize: 3 }],
  ['a kernel of two sides on a sequence', { type: 'conv1d', filters: 2, kernelSize: [3, 3] }],
  ['a causal convolution', { type: 'conv1d', filters: 2, kernelSize: 3, padding: 'causal' }],
  ['three paddings of a sequence', { type: 'zeroPadding1d', padding: [1, 1, 1] }],
  ['a shape of four axes', { type: 'reshape', targetShape: [1, 2, 3, 4] }],
  ['a side of -2', { type: 'reshape', targetShape: [-2, 2] }],
  ['an embedding without a size', { type: 'embedding', inputDim: 10 }],
  ['a rescaling without a scale', { type: 'rescaling', offset: 1 }],
  ['an epsilon of 0', { type: 'layerNormalization', epsilon: 0 }],
  ['a slope above 1', { type: 'activation', activation: 'leakyRelu', negativeSlope: 2 }],
  ['an unknown activation', { type: 'activation', activation: 'mish' }],
])('a client may not write %s', (_, layer) => {
  expect(accepts(layer)).toBe(false)
})
