/** Formats that are made when they are asked for: made once, kept with the model, equal for equal models. */
import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import * as ort from 'onnxruntime-node'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { zipLayersModel } from '../../src/models/export/layers-model.ts'
import { PostgresBlobStore } from '../../src/persistence/blob-store.ts'
import { layersModel } from '../../workers/engine/export/tfjs.ts'
import { initialize, type NamedArray } from '../../workers/engine/weights.ts'
import { type Api, createApi } from '../support/api.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { EVERY_LAYER, networkOf } from '../unit/engine/support.ts'

let db: TestDatabase
let api: Api
beforeAll(async () => {
  db = await createTestDatabase()
  api = await createApi(db)
})
afterAll(async () => {
  await api.close()
  await db.drop()
})

const network = networkOf([7, 6, 2], EVERY_LAYER)

async function upload(weights: readonly NamedArray[] = initialize(network, 1)): Promise<string> {
  const response = await api.inject({
    method: 'POST',
    url: '/v1/models?name=teacher&classNames=a,b,c',
    headers: { 'content-type': 'application/zip' },
    payload: await buffer(zipLayersModel(layersModel(network, weights, null, {}))),
  })
  expect(response.statusCode).toBe(201)
  return response.json().id
}
const ask = (id: string, query: string, headers: Record<string, string> = {}) =>
  api.inject({ url: `/v1/models/${id}/weights?${query}`, headers })

const FILES = [
  ['format=onnx', 'onnx', 'application/octet-stream'],
  ['format=onnx&precision=float16', 'float16.onnx', 'application/octet-stream'],
  ['format=savedmodel', 'savedmodel.zip', 'application/zip'],
  ['format=savedmodel&precision=float16', 'float16.savedmodel.zip', 'application/zip'],
  ['format=tfjs&precision=float16', 'float16.tfjs.zip', 'application/zip'],
  ['format=safetensors&precision=float16', 'float16.safetensors', 'application/octet-stream'],
] as const

test.each(FILES)(
  '%s has a name, a type, its hash as ETag, and ranges',
  async (query, suffix, type) => {
    const id = await upload()
    const whole = await ask(id, query)
    expect(whole.statusCode).toBe(200)
    const sha256 = createHash('sha256').update(whole.rawPayload).digest()
    expect(whole.headers).toMatchObject({
      etag: `"${sha256.toString('hex')}"`,
      'repr-digest': `sha-256=:${sha256.toString('base64')}:`,
      'content-length': String(whole.rawPayload.length),
      'content-type': type,
      'content-disposition': `attachment; filename="${id}.${suffix}"`,
    })
    const part = await ask(id, query, { range: 'bytes=5-104' })
    expect(part.statusCode).toBe(206)
    expect(part.rawPayload).toEqual(whole.rawPayload.subarray(5, 105))
    expect((await ask(id, query, { 'if-none-match': String(whole.headers.etag) })).statusCode).toBe(
      304,
    )
  },
)

test('a file is made once, is the same for an equal model, and goes with its model', async () => {
  const weights = initialize(network, 2)
  const [one, other] = [await upload(weights), await upload(weights)]
  const count = () => db.database.modelExport.count({ where: { modelId: one } })
  const [first, second] = await Promise.all([ask(one, 'format=onnx'), ask(one, 'format=onnx')])
  expect(second.rawPayload.equals(first.rawPayload)).toBe(true)
  expect(await count()).toBe(1)
  await ask(one, 'format=onnx')
  expect(await count()).toBe(1)
  expect((await ask(other, 'format=onnx')).headers.etag).toBe(first.headers.etag)

  const blobs = new PostgresBlobStore(db.database, db.bytes)
  const sha256 = String(first.headers.etag).slice(1, -1)
  const collect = async () => {
    await db.database.$executeRaw`UPDATE blobs SET created_at = now() - interval '2 hours'`
    await blobs.collectGarbage()
    return blobs.find(sha256)
  }
  expect(await collect()).not.toBeNull()
  for (const id of [one, other]) await api.inject({ method: 'DELETE', url: `/v1/models/${id}` })
  expect(await count()).toBe(0)
  expect(await collect()).toBeNull()
})

test('onnxruntime loads what is downloaded, for any number of rows', async () => {
  const session = await ort.InferenceSession.create(
    (await ask(await upload(), 'format=onnx')).rawPayload,
  )
  for (const rows of [1, 3]) {
    const input = new ort.Tensor('float32', new Float32Array(rows * 84), [rows, 7, 6, 2])
    expect((await session.run({ input })).logits?.dims).toEqual([rows, 3])
  }
  await session.release()
})

test('a weight that float16 cannot hold is refused, and nothing of the file stays', async () => {
  const weights = initialize(network, 1)
  weights[0]?.values.fill(1e5)
  const id = await upload(weights)
  const blobs = await db.database.blob.count()
  for (const format of ['safetensors', 'tfjs', 'onnx', 'savedmodel']) {
    const response = await ask(id, `format=${format}&precision=float16`)
    expect(response.statusCode).toBe(409)
    expect(response.json()).toMatchObject({
      code: 'never-ready',
      detail: expect.stringContaining('float16 ends at 65504'),
    })
  }
  expect(await db.database.blob.count()).toBe(blobs)
  expect((await ask(id, 'format=onnx')).statusCode).toBe(200)
})

test('the manifest names the model and the file it was made of', async () => {
  const id = await upload()
  const safetensors = await ask(id, '')
  const manifest = await ask(id, 'format=manifest')
  expect(manifest.headers['content-type']).toContain('application/json')
  expect(manifest.json()).toMatchObject({
    format: 'distillery-model/1',
    safetensorsSha256: String(safetensors.headers.etag).slice(1, -1),
    classNames: ['a', 'b', 'c'],
    network: JSON.parse(JSON.stringify(network)),
    model: { id, source: 'upload' },
    job: null,
    metrics: null,
  })
})

test('an unknown precision is refused', async () => {
  const response = await ask(await upload(), 'format=onnx&precision=int8')
  expect(response.statusCode).toBe(400)
})
