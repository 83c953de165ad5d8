/** Oracle: what Keras 3 gave for the same rows (test/fixtures/generate/keras_branches.py). */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Architecture } from '../../../src/domain/architecture.ts'
import { elements } from '../../../src/domain/network.ts'
import { ownFile, readSafetensorsModel } from '../../../src/models/safetensors/safetensors-model.ts'
import { readSafetensors } from '../../../workers/engine/export/safetensors.ts'
import { apply } from '../../../workers/engine/forward.ts'
import { tf } from '../../../workers/engine/tensorflow.ts'
import { matchWeights, upload } from '../../../workers/engine/weights.ts'
import { type Entry, safetensorsFile } from '../../support/safetensors-file.ts'
import { collect } from '../models/memory-source.ts'
import { readJson } from './support.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'keras-safetensors-'))
afterAll(() => rmSync(folder, { recursive: true }))
const fixtures = new URL('../models/keras-3/branches/', import.meta.url)
const model = readJson(new URL('model.json', fixtures)) as {
  modelTopology: object
  weightsManifest: { weights: { name: string; shape: number[] }[] }[]
}
const bytes = readFileSync(new URL('weights.bin', fixtures))

function entries(): Entry[] {
  let at = 0
  return model.weightsManifest
    .flatMap(({ weights }) => weights)
    .map(({ name, shape }) => {
      const from = at
      at += 4 * elements(shape)
      return { name, dtype: 'F32', shape, bytes: bytes.subarray(from, at) }
    })
}

const read = (
  tensors: readonly Entry[],
  architecture: unknown,
  inputShape: readonly number[] | null = null,
) => {
  const file = path.join(folder, `${Math.random()}.safetensors`)
  writeFileSync(file, safetensorsFile(tensors))
  return readSafetensorsModel({
    path: file,
    architecture,
    layout: null,
    context: {
      inputShape,
      classes: null,
      checkArchitecture: (json) => json as Architecture,
    },
  })
}

test('to_json() of Keras 3 with weights as safetensors answers here as it does in Keras', async () => {
  const { rows, probabilities } = readJson(new URL('answers.json', fixtures)) as {
    rows: number[][][][]
    probabilities: number[][]
  }
  const given = await read(entries(), model.modelTopology)
  const file = await collect(ownFile(given, null, null))
  const weights = upload(matchWeights(given.network, readSafetensors(file).arrays))
  const { logits } = apply(given.network, weights, tf.tensor4d(rows), { training: false })
  const ours = tf.softmax(logits).dataSync()
  for (const [index, want] of probabilities.flat().entries())
    expect(Math.abs((ours[index] ?? Number.NaN) - want)).toBeLessThan(1e-5)
})

test('an architecture without input shape, and a preset without classes, ask for what is missing', async () => {
  await expect(read(entries(), { layers: [{ type: 'dense', units: 2 }] })).rejects.toMatchObject({
    code: 'input-shape-missing',
  })
  await expect(read(entries(), { preset: 'mlp' }, [4])).rejects.toMatchObject({
    code: 'classes-missing',
  })
  await expect(read(entries(), model.modelTopology, [4])).rejects.toMatchObject({
    message: expect.stringMatching(/\[4\]|\b4\b/),
  })
  await expect(read(entries(), 'hello')).rejects.toMatchObject({ code: 'architecture-not-valid' })
  await expect(read(entries(), undefined)).rejects.toMatchObject({ code: 'architecture-missing' })
})

test('a tensor that no layer has is refused with the list of both sides', async () => {
  const more = { name: 'stray/kernel', dtype: 'F32', shape: [1], bytes: new Uint8Array(4) }
  await expect(read([...entries(), more], model.modelTopology)).rejects.toMatchObject({
    code: 'weights-do-not-match',
    message: expect.stringMatching(/modules with weights are expected.*"stray": kernel \[1\]/),
  })
})
