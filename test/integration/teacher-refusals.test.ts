/** Uploads that cannot be teachers: each is refused in words of its own, and nothing of it is kept. */
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ZipFile } from 'yazl'
import { npyHeader } from '../../src/domain/npy-header.ts'
import { type Api, createApi } from '../support/api.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { form, type Part } from '../support/forms.ts'
import { type Entry, float32, rawFile, safetensorsFile } from '../support/safetensors-file.ts'

let db: TestDatabase
let api: Api
beforeAll(async () => {
  db = await createTestDatabase()
  api = await createApi(db, { maxUploadBytes: 32 << 20 })
})
afterAll(async () => {
  await api.close()
  await db.drop()
})

const ROWS = 1797
const npy = (rows: number, columns: number, fill = 0): Buffer =>
  Buffer.concat([npyHeader(rows, columns), float32(new Array(rows * columns).fill(fill))])
const zipOf = (entries: Readonly<Record<string, Uint8Array>>, compress = false) => {
  const zip = new ZipFile()
  for (const [name, content] of Object.entries(entries))
    zip.addBuffer(Buffer.from(content), name, { compress })
  zip.end()
  return buffer(zip.outputStream)
}
/** Changes the name in both directories of the zip, to one that writers refuse to write. */
const renamed = (zip: Buffer, from: string, to: string): Buffer =>
  Buffer.from(zip.toString('latin1').replaceAll(from, to), 'latin1')

const dense = (name: string, inputs: number, units: number, fill = 0): Entry[] => [
  {
    name: `${name}.weight`,
    dtype: 'F32',
    shape: [units, inputs],
    bytes: float32(new Array(inputs * units).fill(fill)),
  },
  { name: `${name}.bias`, dtype: 'F32', shape: [units], bytes: new Uint8Array(4 * units) },
]
const withArchitecture = (weights: Buffer, architecture: unknown): Part[] => [
  { name: 'w', filename: 'weights.safetensors', content: weights },
  { name: 'a', filename: 'architecture.json', content: JSON.stringify(architecture) },
]
const LINEAR = { layers: [{ type: 'dense', units: 10 }] }
const PYTORCH = 'layout=pytorch&inputShape=64'

async function answer(query: string, body: Uint8Array | readonly Part[]) {
  const request =
    body instanceof Uint8Array
      ? { payload: Buffer.from(body), headers: { 'content-type': 'application/octet-stream' } }
      : form(...body)
  const response = await api.inject({ method: 'POST', url: `/v1/models?${query}`, ...request })
  return { status: response.statusCode, body: response.json() }
}

const refusals: [
  string,
  string,
  () => Promise<Uint8Array> | Uint8Array | Part[],
  string,
  RegExp,
][] = [
  [
    'a safetensors file that is cut off',
    '',
    () => safetensorsFile(dense('0', 64, 10)).subarray(0, 500),
    'safetensors-truncated',
    /whole file/,
  ],
  [
    'a tensor of 10 GB that is not there',
    '',
    () => rawFile('{"w":{"dtype":"F32","shape":[50000,50000],"data_offsets":[0,10000000000]}}'),
    'tensor-too-large',
    /50000/,
  ],
  [
    'weights without layers',
    '',
    () => safetensorsFile(dense('0', 64, 10)),
    'architecture-missing',
    /architecture\.json/,
  ],
  [
    'weights of another architecture',
    PYTORCH,
    () => withArchitecture(safetensorsFile(dense('fc', 64, 9)), LINEAR),
    'weights-do-not-match',
    /dense_1: weight \[10, 64\], bias \[10\].*"fc": weight \[9, 64\], bias \[9\]/,
  ],
  [
    'weights that are NaN',
    PYTORCH,
    () => withArchitecture(safetensorsFile(dense('0', 64, 10, Number.NaN)), LINEAR),
    'weight-not-finite',
    /"0\.weight".*\[0, 0\]/,
  ],
  [
    'an architecture with a misspelt field',
    PYTORCH,
    () =>
      withArchitecture(safetensorsFile(dense('0', 64, 10)), {
        layers: [{ type: 'dense', unit: 10 }],
      }),
    'unknown-field',
    /did you mean `units`/,
  ],
  [
    'an architecture that is not JSON',
    PYTORCH,
    () => [
      { name: 'w', filename: 'w.safetensors', content: safetensorsFile(dense('0', 64, 10)) },
      { name: 'a', filename: 'architecture.json', content: '{"layers":' },
    ],
    'model-json-not-valid',
    /architecture\.json is not JSON/,
  ],
  [
    'a Lambda layer',
    'inputShape=64',
    () =>
      withArchitecture(safetensorsFile(dense('0', 64, 10)), {
        class_name: 'Sequential',
        config: {
          layers: [{ class_name: 'Lambda', config: { name: 'l', batch_input_shape: [null, 64] } }],
        },
      }),
    'layer-not-supported',
    /Lambda.*program code/,
  ],
  [
    'a file that says this service wrote it, with a network that cannot be',
    '',
    () =>
      safetensorsFile(dense('0', 64, 10), {
        format: 'distillery-model/1',
        network: '{"inputShape":[64],"layers":[{"layer":{"type":"dense","units":1e9},"name":"d"}]}',
      }),
    'out-of-range',
    /units/,
  ],
  [
    'a pickle',
    '',
    () => Buffer.from('\x80\x02}q\x00.', 'latin1'),
    'model-not-readable',
    /never opened.*torch\.load.*save_file\(.*order/s,
  ],
  [
    'a .pth of PyTorch, which is a zip',
    '',
    () => zipOf({ 'archive/data.pkl': Buffer.from('x'), 'archive/data/0': Buffer.from('x') }),
    'model-json-missing',
    /never opened.*torch\.load/s,
  ],
  [
    'outputs without a dataset',
    'represents=logits',
    () => npy(ROWS, 10),
    'outputs-dataset-missing',
    /dataset=ds_/,
  ],
  [
    'outputs that do not say what they are',
    'dataset=ds_digits',
    () => npy(ROWS, 10),
    'outputs-kind-missing',
    /represents=/,
  ],
  [
    'outputs of fewer rows than the dataset has',
    'dataset=ds_digits&represents=logits',
    () => npy(ROWS - 1, 10),
    'outputs-rows-mismatch',
    /1796 rows.*1797/,
  ],
  [
    'outputs of fewer classes than the dataset has',
    'dataset=ds_digits&represents=logits',
    () => npy(ROWS, 9),
    'outputs-classes-mismatch',
    /9 columns.*10 classes/,
  ],
  [
    'outputs that are NaN',
    'dataset=ds_digits&represents=logits',
    () => npy(ROWS, 10, Number.NaN),
    'output-not-finite',
    /row 0, column 0/,
  ],
  [
    'an array of a test set that is not named',
    'dataset=ds_digits',
    () => zipOf({ 'logits.npy': npy(ROWS, 10), 'test.npy': npy(ROWS, 10) }),
    'outputs-test-set-mismatch',
    /testSet=ds_/,
  ],
  [
    'a bomb of zeros',
    'dataset=ds_digits',
    () => zipOf({ 'logits.npy': new Uint8Array(64 << 20) }, true),
    'zip-not-safe',
    /inflates from/,
  ],
  [
    'a path that leaves the zip',
    'dataset=ds_digits',
    async () => renamed(await zipOf({ 'aa/logits.npy': npy(2, 2) }), 'aa/logits', '../logits'),
    'zip-not-safe',
    /leaves the zip/,
  ],
  [
    'a setting that belongs to another kind of teacher',
    'dataset=ds_digits&represents=logits&layout=pytorch',
    () => npy(ROWS, 10),
    'setting-not-applicable',
    /`layout`.*outputs/,
  ],
]
test.each(refusals)('%s is refused', async (_, query, make, code, message) => {
  const blobs = await db.database.blob.count()
  const { status, body } = await answer(query, await make())
  expect(body).toMatchObject({
    code: 'invalid-model',
    detail: expect.stringMatching(message),
    errors: expect.arrayContaining([expect.objectContaining({ code })]),
  })
  expect(status).toBe(422)
  expect(await db.database.blob.count()).toBe(blobs)
  expect(await db.database.model.count()).toBe(0)
})

test('outputs for a dataset that is not there are 404', async () => {
  const { status, body } = await answer('dataset=ds_none&represents=logits', npy(ROWS, 10))
  expect({ status, code: body.code }).toEqual({ status: 404, code: 'dataset-not-found' })
})
