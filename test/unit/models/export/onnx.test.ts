import { buffer } from 'node:stream/consumers'
import * as ort from 'onnxruntime-node'
import { expect, test } from 'vitest'
import { LAYER_TYPES } from '../../../../src/domain/layers.ts'
import { PRECISIONS } from '../../../../src/domain/model.ts'
import { exportModel } from '../../../../src/models/export/export-model.ts'
import { NETWORKS, PRESET_NETWORKS } from './networks.ts'
import { difference, type Stored, stored } from './stored.ts'

const onnx = ({ model, weights }: Stored, precision: 'float32' | 'float16') =>
  buffer(exportModel(model, weights, 'onnx', precision))

async function run(file: Uint8Array, rows: Float32Array, shape: readonly number[]) {
  const session = await ort.InferenceSession.create(file)
  try {
    const input = new ort.Tensor('float32', rows, [
      rows.length / shape.reduce((a, b) => a * b, 1),
      ...shape,
    ])
    const { logits } = await session.run({ input })
    return logits?.data as Float32Array
  } finally {
    await session.release()
  }
}

test('the networks of the next tests have every layer type', () => {
  const types = NETWORKS.flatMap(([, { layers }]) => layers.map(({ layer }) => layer.type))
  expect([...new Set(types)].sort()).toEqual([...LAYER_TYPES].sort())
})

test.each(NETWORKS)('onnxruntime gives the logits of the engine: %s', async (_, network) => {
  for (const normalize of [false, true])
    for (const precision of PRECISIONS) {
      const from = await stored(network, { scale: normalize ? 100 : 1, normalize })
      const got = await run(await onnx(from, precision), from.rows, network.inputShape)
      expect(difference(got, await from.answers(precision))).toBeLessThan(1e-5)
    }
})

test.each(PRESET_NETWORKS)('onnxruntime gives the logits of preset %s', async (_, network) => {
  const from = await stored(network, { normalize: true, trained: false })
  const got = await run(await onnx(from, 'float32'), from.rows, network.inputShape)
  expect(difference(got, await from.answers('float32'))).toBeLessThan(1e-5)
})
