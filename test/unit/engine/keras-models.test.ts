import { expect, test } from 'vitest'
import { parameterCount, weightBytes, weightName } from '../../../src/domain/network.ts'
import { resolveArchitecture } from '../../../src/domain/resolve-architecture.ts'
import { KERAS_WEIGHT_NAMES } from '../../../src/models/export/keras-layers.ts'
import { readKerasArchitecture } from '../../../src/models/keras-architecture.ts'
import { apply } from '../../../workers/engine/forward.ts'
import { tf } from '../../../workers/engine/tensorflow.ts'
import { initialize } from '../../../workers/engine/weights.ts'
import { fixture, readJson } from './support.ts'

interface Case {
  name: string
  keras: object
  rowShape: number[]
  parameters: number
  weightNumbers: number
  layers: { name: string; outputShape: number[] }[]
  weights: Record<string, { shape: number[]; base64: string }>
  rows: number[][]
  logits: number[][]
}

const casesOf = (version: 2 | 3): [string, Case][] => {
  const file = readJson(fixture(`keras/models-${version}.json`)) as {
    kerasVersion: string
    cases: Case[]
  }
  return file.cases.map((item) => [`${item.name} of Keras ${version}`, item])
}
const cases = [...casesOf(2), ...casesOf(3)]

function resolved({ keras, rowShape }: Case, document: unknown = keras) {
  const architecture = { keras: document as object }
  const result = resolveArchitecture(architecture, rowShape, 3, '/a', readKerasArchitecture)
  if ('issues' in result) throw new Error(JSON.stringify(result.issues))
  return result
}

test.each(cases)('%s has the names, shapes and parameters that Keras counts', (_, item) => {
  const { network } = resolved(item)
  const layers = network.layers.map(({ name, outputShape }) => ({ name, outputShape }))
  expect(layers.filter(({ name }) => name !== 'reshape_rows')).toEqual(item.layers)
  expect(parameterCount(network)).toBe(item.parameters)
  expect(weightBytes(network)).toBe(4 * item.weightNumbers)
  expect(resolved(item, JSON.stringify(item.keras)).network).toEqual(network)
})

test.each(cases)('%s with its weights answers here as it does there', (_, item) => {
  const { network } = resolved(item)
  const numbers = (layer: string, weight: keyof typeof KERAS_WEIGHT_NAMES): Float32Array => {
    const found =
      item.weights[`${layer}/${KERAS_WEIGHT_NAMES[weight]}`] ??
      // What Keras 3 calls the kernel of a depthwise convolution.
      item.weights[`${layer}/kernel`]
    const bytes = Uint8Array.from(Buffer.from(found?.base64 ?? '', 'base64'))
    return new Float32Array(bytes.buffer)
  }
  const weights = Object.fromEntries(
    network.layers.flatMap((placed) =>
      placed.weights.map(({ name, shape }) => [
        weightName(placed.name, name),
        tf.tensor(numbers(placed.name, name), [...shape]),
      ]),
    ),
  )
  expect(Object.keys(weights)).toEqual(initialize(network, 1).map(({ name }) => name))
  expect(Object.keys(weights).length).toBe(Object.keys(item.weights).length)
  const rows = tf.tensor(item.rows.flat(), [item.rows.length, ...item.rowShape], 'float32')
  const got = apply(network, weights, rows, { training: false }).logits.dataSync()
  const want = item.logits.flat()
  expect(got.length).toBe(want.length)
  for (const [index, value] of want.entries())
    expect(Math.abs((got[index] ?? Number.NaN) - value)).toBeLessThan(1e-5 * (1 + Math.abs(value)))
})

test('what is taken off, put in or not read is said', () => {
  const notesOf = (name: string) =>
    cases.find(([title]) => title === name)?.[1] ?? expect.unreachable(name)
  expect(resolved(notesOf('text of Keras 3')).notes).toEqual([
    expect.stringMatching(/^\/a\/keras: the softmax of layer "probabilities".* was removed/),
  ])
  expect(resolved(notesOf('conv1d of Keras 2')).notes).toEqual([
    '/a/keras: rows of [24] are reshaped to [12, 2]',
  ])
  expect(resolved(notesOf('mlp of Keras 3')).notes).toEqual([
    expect.stringMatching(/initializers are not read.*"dense_1\/kernel_initializer: HeNormal"/),
  ])
})
