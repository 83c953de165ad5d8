/** A teacher goes in as a TensorFlow.js model and comes out in both formats, with the same numbers. */
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { zipLayersModel } from '../../src/models/export/layers-model.ts'
import { openModelArchive } from '../../src/models/open-model-archive.ts'
import { readLayersModel } from '../../src/models/read-layers-model.ts'
import { readSafetensors } from '../../workers/engine/export/safetensors.ts'
import { layersModel } from '../../workers/engine/export/tfjs.ts'
import { initialize } from '../../workers/engine/weights.ts'
import { type Api, createApi } from '../support/api.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { EVERY_LAYER, networkOf } from '../unit/engine/support.ts'

let db: TestDatabase
let api: Api
let folder: string
beforeAll(async () => {
  db = await createTestDatabase()
  api = await createApi(db)
  folder = await mkdtemp(path.join(tmpdir(), 'model-upload-'))
})
afterAll(async () => {
  await api.close()
  await db.drop()
  await rm(folder, { recursive: true })
})

const network = networkOf([7, 6, 2], EVERY_LAYER)
const weights = initialize(network, 1)

async function upload(query: string): Promise<string> {
  const response = await api.inject({
    method: 'POST',
    url: `/v1/models?name=teacher${query}`,
    headers: { 'content-type': 'application/zip' },
    payload: await buffer(zipLayersModel(layersModel(network, weights, null, {}))),
  })
  expect(response.statusCode).toBe(201)
  return response.json().id
}
const download = async (id: string, format: string): Promise<Buffer> => {
  const response = await api.inject({ url: `/v1/models/${id}/weights?format=${format}` })
  expect(response.statusCode).toBe(200)
  return response.rawPayload
}

test('safetensors has every weight of the upload, bit for bit', async () => {
  const { arrays } = readSafetensors(await download(await upload(''), 'safetensors'))
  const byName = new Map(arrays.map((array) => [array.name, array.values]))
  for (const { name, values } of weights) expect(byName.get(name)).toEqual(values)
  expect(arrays).toHaveLength(weights.length)
})

test('the TensorFlow.js zip is the same network with the same numbers', async () => {
  const file = path.join(folder, 'again.zip')
  writeFileSync(file, await download(await upload(''), 'tfjs'))
  const source = await openModelArchive(file)
  const read = readLayersModel(await source.modelJson())
  const bytes = await buffer(source.shard('weights.bin'))
  await source.close()
  expect(read.network).toEqual(network)
  const stored = Buffer.concat(
    weights.map(({ values }) => Buffer.from(values.buffer, values.byteOffset, values.byteLength)),
  )
  expect(bytes.equals(stored)).toBe(true)
})

test('a normalization that was given with the upload is in both files', async () => {
  const id = await upload('&inputMean=1,2&inputStandardDeviation=4')
  const { arrays } = readSafetensors(await download(id, 'safetensors'))
  const named = (name: string) => [...(arrays.find((one) => one.name === name)?.values ?? [])]
  expect(named('normalization.mean')).toEqual([1, 2])
  expect(named('normalization.standardDeviation')).toEqual([4, 4])
  const zip = (await download(id, 'tfjs')).toString('latin1')
  expect(zip).toContain('normalization/moving_mean')
})
