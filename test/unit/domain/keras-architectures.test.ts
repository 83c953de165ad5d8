import { expect, test } from 'vitest'
import { PRESETS, type Preset } from '../../../src/domain/architecture.ts'
import { multiplyAdds } from '../../../src/domain/cost.ts'
import { LAYER_TYPES, type LayerSpec } from '../../../src/domain/layers.ts'
import { elements, parameterCount, weightBytes } from '../../../src/domain/network.ts'
import { presetLayers } from '../../../src/domain/presets.ts'
import {
  BRANCHES,
  EVERY_LAYER,
  fixture,
  MORE_LAYERS,
  networkOf,
  readJson,
  SEQUENCES,
  TOKENS,
} from '../engine/support.ts'

interface Counted {
  name: string
  inputShape: number[]
  parameters: number
  weightNumbers: number
  multiplyAdds: number
  layers: [name: string, outputShape: number[], weightNumbers: number][]
}

const counted = readJson(fixture('keras/architectures.json')) as Counted[]
const LISTS: Readonly<Record<string, readonly LayerSpec[]>> = {
  'common layers': EVERY_LAYER,
  'less common layers': MORE_LAYERS,
  branches: BRANCHES,
  sequences: SEQUENCES,
  tokens: TOKENS,
}
const layersOf = (name: string, inputShape: number[]): readonly LayerSpec[] =>
  LISTS[name] ?? presetLayers(name as Preset, {}, inputShape, 10)

test('Keras counted every preset and every layer type', () => {
  expect(counted.map(({ name }) => name)).toEqual([...Object.keys(PRESETS), ...Object.keys(LISTS)])
  const types = new Set(
    counted.flatMap(({ name, inputShape }) => layersOf(name, inputShape).map(({ type }) => type)),
  )
  expect([...types].sort()).toEqual([...LAYER_TYPES].sort())
})

test.each(counted)(
  '$name has the names, shapes, parameters and multiply-adds of Keras',
  ({ name, inputShape, layers, ...totals }) => {
    const network = networkOf(inputShape, layersOf(name, inputShape))
    expect(
      network.layers.map((placed) => [
        placed.name,
        placed.outputShape,
        placed.weights.reduce((sum, { shape }) => sum + elements(shape), 0),
      ]),
    ).toEqual(layers)
    expect({
      parameters: parameterCount(network),
      weightNumbers: weightBytes(network) / 4,
      multiplyAdds: multiplyAdds(network),
    }).toEqual({
      parameters: totals.parameters,
      weightNumbers: totals.weightNumbers,
      multiplyAdds: totals.multiplyAdds,
    })
  },
)
