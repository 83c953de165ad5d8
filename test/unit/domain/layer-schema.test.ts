import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { Architecture, PRESETS, type Preset } from '../../../src/domain/architecture.ts'
import type { LayerSpec } from '../../../src/domain/layers.ts'
import { presetLayers } from '../../../src/domain/presets.ts'
import { BRANCHES, EVERY_LAYER, MORE_LAYERS } from '../engine/support.ts'

const isArchitecture = new Ajv({ discriminator: true, strict: false }).compile(Architecture)
const accepts = (...layers: unknown[]): boolean => isArchitecture({ layers })

test.each<[string, readonly LayerSpec[]]>([
  ['common layers', EVERY_LAYER],
  ['less common layers', MORE_LAYERS],
  ['branches', BRANCHES],
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
  ['an epsilon of 0', { type: 'layerNormalization', epsilon: 0 }],
  ['a slope above 1', { type: 'activation', activation: 'leakyRelu', negativeSlope: 2 }],
  ['an unknown activation', { type: 'activation', activation: 'mish' }],
])('a client may not write %s', (_, layer) => {
  expect(accepts(layer)).toBe(false)
})
