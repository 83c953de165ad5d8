import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readLayersModel } from '../../../src/models/read-layers-model.ts'
import { safetensorsStream } from '../../../src/models/to-safetensors.ts'
import { readSafetensors } from '../../../workers/engine/export/safetensors.ts'
import { apply } from '../../../workers/engine/forward.ts'
import { tf } from '../../../workers/engine/tensorflow.ts'
import { matchWeights, upload } from '../../../workers/engine/weights.ts'
import { collect, memorySource } from '../models/memory-source.ts'
import { readJson } from './support.ts'

const folder = new URL('../models/keras-3/branches/', import.meta.url)

test('a functional Keras 3 model with branches answers here as it does in Keras', async () => {
  const modelJson = readJson(new URL('model.json', folder))
  const { rows, probabilities } = readJson(new URL('answers.json', folder)) as {
    rows: number[][][][]
    probabilities: number[][]
  }
  const { network, tensors } = readLayersModel(modelJson)
  const shards = { 'weights.bin': readFileSync(new URL('weights.bin', folder)) }
  const file = await collect(
    safetensorsStream(network, null, tensors, memorySource(modelJson, shards)),
  )
  const weights = upload(matchWeights(network, readSafetensors(file).arrays))
  const { logits } = apply(network, weights, tf.tensor4d(rows), { training: false })
  const ours = tf.softmax(logits).dataSync()
  for (const [index, want] of probabilities.flat().entries())
    expect(Math.abs((ours[index] ?? Number.NaN) - want)).toBeLessThan(1e-5)
})
