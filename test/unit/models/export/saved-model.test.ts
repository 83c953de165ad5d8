import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, expect, test } from 'vitest'
import { PRECISIONS, type Precision } from '../../../../src/domain/model.ts'
import { exportModel } from '../../../../src/models/export/export-model.ts'
import { tf } from '../../../../workers/engine/tensorflow.ts'
import { NETWORKS, PRESET_NETWORKS } from './networks.ts'
import { difference, ROWS, type Stored, stored } from './stored.ts'
import { unzip } from './unzip.ts'

const root = mkdtempSync(path.join(tmpdir(), 'saved-model-'))
afterAll(() => rmSync(root, { recursive: true }))

let count = 0

async function run(from: Stored, precision: Precision): Promise<Float32Array> {
  const { model, weights, rows } = from
  // A folder each: tfjs-node remembers models by their path.
  const folder = path.join(root, String(count++))
  const zip = await buffer(exportModel(model, weights, 'savedmodel', precision))
  expect(await unzip(zip, folder)).toEqual(['saved_model.pb', 'manifest.json'])
  const loaded = await tf.node.loadSavedModel(folder, ['serve'], 'serving_default')
  const input = tf.tensor(rows, [ROWS, ...model.network.inputShape], 'float32')
  const { logits } = loaded.predict({ input }) as { logits: tf.Tensor }
  loaded.dispose()
  return logits.dataSync() as Float32Array
}

test.each(NETWORKS)('TensorFlow gives the logits of the engine: %s', async (_, network) => {
  for (const normalize of [false, true])
    for (const precision of PRECISIONS) {
      const from = await stored(network, { scale: normalize ? 100 : 1, normalize })
      const got = await run(from, precision)
      expect(difference(got, await from.answers(precision))).toBeLessThan(1e-5)
    }
})

test.each(PRESET_NETWORKS)('TensorFlow gives the logits of preset %s', async (_, network) => {
  const from = await stored(network, { normalize: true, trained: false })
  expect(difference(await run(from, 'float32'), await from.answers('float32'))).toBeLessThan(1e-5)
})
