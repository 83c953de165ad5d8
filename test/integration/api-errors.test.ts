/** What the HTTP interface says to requests that are wrong: a status, a code to decide by, and where the mistake is. */
import { Writable } from 'node:stream'
import type { InjectOptions } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ZipFile } from 'yazl'
import type { JobSpec } from '../../src/domain/job-spec.ts'
import { PROBLEMS } from '../../src/domain/problems.ts'
import { type Api, createApi } from '../support/api.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { form } from '../support/forms.ts'
import { type Route, routesOf } from '../support/routes.ts'
import { linearJob } from '../support/small-jobs.ts'

const MAX_UPLOAD_BYTES = 20_000
const JSON_TYPE = { 'content-type': 'application/json' }
const CSV_TYPE = { 'content-type': 'text/csv' }

let db: TestDatabase
let app: Api
beforeAll(async () => {
  db = await createTestDatabase()
  app = await createApi(db, { maxUploadBytes: MAX_UPLOAD_BYTES })
})
afterAll(async () => {
  await app.close()
  await db.drop()
})

/** Every answer to a wrong request must pass through here. */
async function refused(request: InjectOptions, api = app) {
  const response = await api.inject(request)
  const body = response.json()
  expect(response.headers['content-type']).toMatch(/^application\/problem\+json/)
  expect(response.statusCode).toBeLessThan(500)
  expect(body).toMatchObject({
    type: `urn:distillery:problem:${body.code}`,
    status: response.statusCode,
    title: expect.stringMatching(/./),
    detail: expect.stringMatching(/./),
    errors: expect.any(Array),
  })
  expect(PROBLEMS).toHaveProperty(body.code)
  return { status: response.statusCode, code: body.code, headers: response.headers, body }
}

const submit = (spec: unknown): InjectOptions => ({
  method: 'POST',
  url: '/v1/jobs',
  headers: JSON_TYPE,
  payload: typeof spec === 'string' ? spec : JSON.stringify(spec),
})
const upload = (csv: string, query = ''): InjectOptions => ({
  method: 'POST',
  url: `/v1/datasets${query}`,
  headers: CSV_TYPE,
  payload: csv,
})
const dense = (units: number, more: object = {}) => ({ type: 'dense', units, ...more })
const layers = (...given: object[]) =>
  ({ student: { architecture: { layers: given } } }) as unknown as Partial<JobSpec>

/** A linear student of the digits, with another layer in it, as Keras describes it. */
const kerasOf = (extra: object) =>
  ({
    student: {
      architecture: {
        keras: {
          class_name: 'Sequential',
          config: {
            layers: [
              {
                module: 'keras.layers',
                class_name: 'InputLayer',
                config: { name: 'in', batch_shape: [null, 64] },
                registered_name: null,
              },
              extra,
              {
                module: 'keras.layers',
                class_name: 'Dense',
                config: { name: 'probabilities', units: 10, activation: 'softmax' },
                registered_name: null,
              },
            ],
          },
        },
      },
    },
  }) as unknown as Partial<JobSpec>

async function uploaded(csv: string, query = ''): Promise<string> {
  const response = await app.inject(upload(csv, query))
  expect(response.statusCode).toBe(201)
  return response.json().id
}
const TWO_CLASSES = 'a,b,label\n1,2,x\n3,4,y\n5,6,x\n7,8,y\n'

function zip(files: Record<string, string | Uint8Array>): Promise<Buffer> {
  const archive = new ZipFile()
  for (const [name, content] of Object.entries(files)) archive.addBuffer(Buffer.from(content), name)
  archive.end()
  const chunks: Buffer[] = []
  return new Promise((resolve, reject) => {
    archive.outputStream.on('error', reject).pipe(
      new Writable({
        write(chunk, _, done) {
          chunks.push(chunk)
          done()
        },
        final(done) {
          done()
          resolve(Buffer.concat(chunks))
        },
      }),
    )
  })
}

/** A linear teacher as TensorFlow.js would save it. */
function linearTeacher(inputs: number, classes: number) {
  const values = new Float32Array(inputs * classes).fill(0.5)
  return {
    'model.json': JSON.stringify({
      format: 'layers-model',
      modelTopology: {
        model_config: {
          class_name: 'Sequential',
          config: {
            name: 'teacher',
            layers: [
              {
                class_name: 'Dense',
                config: {
                  name: 'd',
                  units: classes,
                  activation: 'linear',
                  use_bias: false,
                  batch_input_shape: [null, inputs],
                },
              },
            ],
          },
        },
      },
      weightsManifest: [
        {
          paths: ['weights.bin'],
          weights: [{ name: 'd/kernel', shape: [inputs, classes], dtype: 'float32' }],
        },
      ],
    }),
    'weights.bin': new Uint8Array(values.buffer),
  }
}

describe('a job that is not valid', () => {
  const invalid: [what: string, spec: object, pointer: string, code: string, words: RegExp][] = [
    [
      'a misspelt field',
      { ...linearJob(), trainning: {} },
      '/trainning',
      'unknown-field',
      /did you mean `training`/,
    ],
    [
      'a misspelt field deep inside',
      linearJob({ training: { epoch: 3 } as object }),
      '/training/epoch',
      'unknown-field',
      /did you mean `epochs`/,
    ],
    [
      'a number as text',
      linearJob({ training: { epochs: '3' as unknown as number } }),
      '/training/epochs',
      'wrong-type',
      /"3" must be integer/,
    ],
    ['a list as the whole', [], '', 'wrong-type', /must be object/],
    [
      'a missing field',
      { ...linearJob(), student: undefined },
      '/student',
      'field-missing',
      /must be given/,
    ],
    [
      'a method that does not exist',
      linearJob({ objective: { terms: [{ method: 'soft-target' }] } as never }),
      '/objective/terms/0/method',
      'not-a-choice',
      /soft-target/,
    ],
    [
      'a number out of its range',
      linearJob({ seed: -1 }),
      '/seed',
      'out-of-range',
      /-1 must be >= 0/,
    ],
    [
      'more folds than the smallest class has rows',
      linearJob({ dataset: { id: 'TWO' }, evaluation: { protocol: 'k-fold', folds: 3 } }),
      '/evaluation/folds',
      'folds-exceed-class',
      /class x has only 2 rows/,
    ],
    [
      'a student with too few outputs',
      linearJob(layers(dense(9))),
      '/student/architecture/layers/0',
      'output-is-not-classes',
      /gives \[9\] but there are 10 classes/,
    ],
    [
      'a dense layer on an image without flatten',
      linearJob(layers({ type: 'conv2d', filters: 2, kernelSize: 3 }, dense(10))),
      '/student/architecture/layers/1',
      'layer-does-not-fit',
      /flatten/i,
    ],
    [
      'pooling below one pixel',
      linearJob(layers({ type: 'maxPooling2d', poolSize: 9 }, { type: 'flatten' }, dense(10))),
      '/student/architecture/layers/0/poolSize',
      'layer-does-not-fit',
      /9/,
    ],
    [
      'a Lambda in a Keras model',
      linearJob(kerasOf({ class_name: 'Lambda', config: { name: 'code', function: 'x' } })),
      '/student/architecture/keras/config/layers/1/class_name',
      'layer-not-supported',
      /program code, which is never run/,
    ],
    [
      'tokens that an embedding has no row for',
      linearJob(
        layers(
          { type: 'flatten' },
          { type: 'embedding', inputDim: 16, outputDim: 2 },
          { type: 'globalAveragePooling1d' },
          dense(10),
        ),
      ),
      '/student/architecture/layers/1/inputDim',
      'token-out-of-range',
      /ids from 0 to 15, but the dataset has numbers from 0 to 16/,
    ],
    [
      'a batch larger than the rows',
      linearJob({ training: { batchSize: 5000 } }),
      '/training/batchSize',
      'batch-exceeds-rows',
      /5000/,
    ],
    [
      'an unknown dataset',
      linearJob({ dataset: { id: 'ds_nope' } }),
      '/dataset/id',
      'dataset-not-found',
      /ds_nope/,
    ],
    [
      'an unknown test set',
      linearJob({ evaluation: { protocol: 'test-set', testSet: { id: 'ds_nope' } } }),
      '/evaluation/testSet/id',
      'dataset-not-found',
      /ds_nope/,
    ],
    [
      'an unknown teacher',
      linearJob({ teacher: { model: 'mdl_nope' } }),
      '/teacher/model',
      'model-not-found',
      /mdl_nope/,
    ],
    [
      'a character that cannot be kept',
      linearJob({ name: 'a\0b' }),
      '/name',
      'text-not-storable',
      /U\+0000/,
    ],
    [
      'half of a surrogate pair',
      linearJob({ name: '\ud800' }),
      '/name',
      'text-not-storable',
      /surrogate/,
    ],
  ]
  test.each(invalid)('%s is refused with its pointer', async (_, spec, pointer, code, words) => {
    const text = JSON.stringify(spec).replace('"TWO"', JSON.stringify(await uploaded(TWO_CLASSES)))
    for (const url of ['/v1/jobs', '/v1/jobs/validate']) {
      const problem = await refused({ ...submit(text), url })
      expect(problem).toMatchObject({ status: 422, code: 'invalid-spec' })
      const issue = problem.body.errors.find((one: { pointer: string }) => one.pointer === pointer)
      expect(issue).toMatchObject({ code, message: expect.stringMatching(words) })
      expect(problem.body.detail).toContain(issue.message)
    }
  })

  test('a Keras model is resolved, whatever else it holds', async () => {
    const rescaling = { class_name: 'Rescaling', config: { name: 'small', scale: 0.0625 } }
    const { student } = linearJob(kerasOf(rescaling))
    for (const architecture of [
      student?.architecture,
      { keras: JSON.stringify(student?.architecture.keras) },
    ]) {
      const body = JSON.stringify(linearJob({ student: { architecture } } as never))
      const response = await app.inject({ ...submit(body), url: '/v1/jobs/validate' })
      expect(response.statusCode).toBe(200)
      const { resolvedSpec, estimate } = response.json()
      expect(resolvedSpec.student.network.layers.map(({ name }: { name: string }) => name)).toEqual(
        ['reshape_rows', 'small', 'probabilities'],
      )
      expect(resolvedSpec.notes.join()).toMatch(/the softmax of layer "probabilities"/)
      expect(estimate.student).toEqual({ parameters: 650, weightBytes: 2600, multiplyAdds: 640 })
    }
  })

  test('all mistakes are told at once', async () => {
    const { body } = await refused(submit({ ...linearJob(), seed: -1, nmae: 'x', dataset: {} }))
    const pointers = body.errors.map((issue: { pointer: string }) => issue.pointer)
    expect(pointers.sort()).toEqual(['/dataset', '/nmae', '/seed'])
  })

  test('a teacher whose input or classes are not those of the dataset is refused', async () => {
    const two = await uploaded(TWO_CLASSES)
    const teacher = async (inputs: number, classes: number): Promise<string> => {
      const response = await app.inject({
        method: 'POST',
        url: '/v1/models',
        headers: { 'content-type': 'application/zip' },
        payload: await zip(linearTeacher(inputs, classes)),
      })
      expect(response.statusCode).toBe(201)
      return response.json().id
    }
    const job = (model: string) =>
      submit(linearJob({ dataset: { id: two }, teacher: { model }, training: { batchSize: 2 } }))
    expect((await refused(job(await teacher(3, 2)))).body.errors).toMatchObject([
      { pointer: '/teacher/model', code: 'shape-mismatch', message: expect.stringMatching(/3.*2/) },
    ])
    expect((await refused(job(await teacher(2, 3)))).body.errors).toMatchObject([
      { pointer: '/teacher/model', code: 'classes-differ' },
    ])
  })

  test('a test set with other classes is refused', async () => {
    const id = await uploaded('a,b,label\n1,2,x\n3,4,z\n')
    const two = await uploaded(TWO_CLASSES)
    const evaluation = { protocol: 'test-set', testSet: { id }, control: false } as const
    const { body } = await refused(
      submit(linearJob({ dataset: { id: two }, evaluation, training: { batchSize: 2 } })),
    )
    expect(body.errors).toMatchObject([
      { pointer: '/evaluation/testSet/id', code: 'classes-differ' },
    ])
  })

  test.each([
    ['nothing', ''],
    ['half of it', '{"dataset":'],
    ['something else', 'seed: 1'],
    ['a prototype', '{"__proto__":{"seed":1}}'],
    ['a deep nest', '['.repeat(100_000)],
  ])('a body that is %s instead of JSON is malformed', async (_, text) => {
    expect(await refused(submit(text))).toMatchObject({ status: 400, code: 'malformed-body' })
  })

  test.each(['', 'k'.repeat(256)])('an idempotency key of %o is refused', async (key) => {
    const request = { ...submit(linearJob()), headers: { ...JSON_TYPE, 'idempotency-key': key } }
    expect(await refused(request)).toMatchObject({ status: 400, code: 'invalid-request' })
  })

  test('more jobs than may wait are refused with the time to come back', async () => {
    const api = await createApi(db, { maxWaitingJobs: 1 })
    const first = await api.inject(submit(linearJob()))
    expect(first.statusCode).toBe(202)
    const problem = await refused(submit(linearJob()), api)
    expect(problem).toMatchObject({ status: 429, code: 'too-many-jobs' })
    expect(Number(problem.headers['retry-after'])).toBeGreaterThan(0)
    expect(problem.body.retryable).toBe(true)
    await api.inject({ method: 'POST', url: `/v1/jobs/${first.json().id}/cancel` })
    await api.close()
  })
})

describe('a dataset that is not valid', () => {
  const HEAD = 'a,b,label\n'
  const invalid: [what: string, csv: string, code: string, words: RegExp][] = [
    ['a ragged row', `${HEAD}1,2,x\n3,y\n`, 'ragged-row', /row 3\b/],
    ['NaN', `${HEAD}1,2,x\n3,NaN,y\n`, 'not-finite', /row 3\b.*"b"/],
    ['text in a number column', `${HEAD}1,2,x\nsix,2,y\n`, 'not-a-number', /row 3\b.*"a".*six/],
    ['no label column', 'a,b\n1,2\n3,4\n', 'label-column-missing', /"label".*"a", "b"/],
    ['an empty file', '', 'empty-file', /empty/],
    ['a header and no rows', HEAD, 'no-rows', /no rows/],
    ['one class only', `${HEAD}1,2,x\n3,4,x\n`, 'one-class', /x/],
    ['no header', '1,2,3\n4,5,6\n', 'header-missing', /row 1/],
    ['a column twice', 'a,a,label\n1,2,x\n3,4,y\n', 'duplicate-column', /"a"/],
    ['a label that is missing', `${HEAD}1,2,x\n3,4,\n`, 'empty-label', /row 3\b/],
    ['a NUL byte', `${HEAD}1,2,x\n3,4,y\0\n`, '', /row 3\b/],
    ['a zip', 'PK\x03\x04aaaaaaaaaaaa\0\0', '', /zip/i],
  ]
  test.each(invalid)('%s is refused with its place', async (_, csv, code, words) => {
    for (const request of [
      upload(csv),
      {
        method: 'POST' as const,
        url: '/v1/datasets',
        ...form({ name: 'file', filename: 'f.csv', content: csv }),
      },
    ]) {
      const problem = await refused(request)
      expect(problem).toMatchObject({ status: 422, code: 'invalid-dataset' })
      expect(problem.body.detail).toMatch(words)
      if (code) expect(problem.body.errors).toMatchObject([{ code }])
    }
  })

  test('nothing of a refused file stays', async () => {
    const before = await db.database.blob.count()
    await refused(upload(`${HEAD}1,2,x\n3,y\n`))
    expect(await db.database.blob.count()).toBe(before)
  })

  const idx = (images: Uint8Array, labels: Uint8Array): InjectOptions => ({
    method: 'POST',
    url: '/v1/datasets?format=idx',
    ...form(
      { name: 'images', filename: 'images', content: images },
      { name: 'labels', filename: 'labels', content: labels },
    ),
  })
  const IMAGES = Uint8Array.from([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4])
  const LABELS = Uint8Array.from([0, 0, 8, 1, 0, 0, 0, 2, 0, 1])

  test('a truncated IDX file is refused, and the whole one is taken', async () => {
    expect((await app.inject(idx(IMAGES, LABELS))).statusCode).toBe(201)
    for (const broken of [idx(IMAGES.slice(0, -1), LABELS), idx(IMAGES, LABELS.slice(0, -1))]) {
      const problem = await refused(broken)
      expect(problem).toMatchObject({ status: 422, code: 'invalid-dataset' })
      expect(problem.body.errors).toMatchObject([{ code: 'truncated' }])
    }
    expect((await refused(idx(IMAGES, IMAGES))).status).toBe(422)
  })

  test.each([
    ['no file', form({ name: 'name', content: 'x' })],
    [
      'two files',
      form(
        { name: 'a', filename: 'a.csv', content: TWO_CLASSES },
        { name: 'b', filename: 'b.csv', content: TWO_CLASSES },
      ),
    ],
    [
      'an unknown format',
      form(
        { name: 'format', content: 'arff' },
        { name: 'file', filename: 'a.csv', content: TWO_CLASSES },
      ),
    ],
    [
      'an input shape that is no shape',
      form(
        { name: 'inputShape', content: '0.5,4' },
        { name: 'file', filename: 'a.csv', content: TWO_CLASSES },
      ),
    ],
    [
      'a name that cannot be kept',
      form(
        { name: 'name', content: 'a\0b' },
        { name: 'file', filename: 'a.csv', content: TWO_CLASSES },
      ),
    ],
    [
      'a name that is too long',
      form(
        { name: 'name', content: 'n'.repeat(201) },
        { name: 'file', filename: 'a.csv', content: TWO_CLASSES },
      ),
    ],
  ])('a form with %s is refused', async (_, request) => {
    const problem = await refused({ method: 'POST', url: '/v1/datasets', ...request })
    expect(problem).toMatchObject({ status: 400, code: 'invalid-request' })
  })

  test.each(['/v1/datasets', '/v1/models'])(
    'a form that breaks off at %s is malformed',
    async (url) => {
      const { payload, headers } = form({ name: 'file', filename: 'a.csv', content: TWO_CLASSES })
      const whole = { method: 'POST', url, headers } as const
      for (const request of [
        { ...whole, payload: payload.subarray(0, -30) },
        { ...whole, payload: 'garbage' },
        { ...whole, payload, headers: { 'content-type': 'multipart/form-data' } },
      ])
        expect(await refused(request)).toMatchObject({ status: 400, code: 'malformed-body' })
    },
  )
})

describe('a model that is not valid', () => {
  const send = (payload: Uint8Array | string): InjectOptions => ({
    method: 'POST',
    url: '/v1/models',
    headers: { 'content-type': 'application/zip' },
    payload: Buffer.from(payload),
  })
  const files = linearTeacher(2, 2)
  test.each([
    ['no zip', async () => Buffer.from('not a zip at all'), /zip/],
    ['empty', async () => Buffer.alloc(0), /empty/],
    ['a zip that breaks off', async () => (await zip(files)).subarray(0, -40), /zip/],
    ['a zip without model.json', () => zip({ 'weights.bin': 'x' }), /model\.json/],
    ['a zip whose model.json is no JSON', () => zip({ ...files, 'model.json': '{' }), /JSON/],
    ['a zip whose model.json is no model', () => zip({ ...files, 'model.json': '{}' }), /model/],
    ['a zip without its weights', () => zip({ 'model.json': files['model.json'] }), /weights\.bin/],
    ['a zip with too few weights', () => zip({ ...files, 'weights.bin': 'xx' }), /weights\.bin/],
  ])('%s is refused in words', async (_, make, words) => {
    const problem = await refused(send(await make()))
    expect(problem).toMatchObject({ status: 422, code: 'invalid-model' })
    expect(problem.body.detail).toMatch(words)
  })

  test('settings that are not numbers are refused', async () => {
    const request = send(await zip(files))
    const problem = await refused({ ...request, url: '/v1/models?inputMean=a,b' })
    expect(problem).toMatchObject({ status: 400, code: 'invalid-request' })
    expect(problem.body.detail).toMatch(/inputMean/)
  })
})

describe('too large, or of the wrong type', () => {
  const big = `a,label\n${'1,x\n'.repeat(MAX_UPLOAD_BYTES / 4)}`
  test.each<[string, InjectOptions]>([
    ['a raw dataset', upload(big)],
    [
      'a dataset in a form',
      {
        method: 'POST',
        url: '/v1/datasets',
        ...form({ name: 'file', filename: 'f.csv', content: big }),
      },
    ],
    [
      'a raw model',
      {
        method: 'POST',
        url: '/v1/models',
        headers: { 'content-type': 'application/zip' },
        payload: big,
      },
    ],
    [
      'a model in a form',
      {
        method: 'POST',
        url: '/v1/models',
        ...form({ name: 'f', filename: 'm.zip', content: big }),
      },
    ],
    ['a job', submit(`"${'x'.repeat(5 << 20)}"`)],
  ])('%s over the limit is 413', async (_, request) => {
    const blobs = await db.database.blob.count()
    expect(await refused(request)).toMatchObject({ status: 413, code: 'body-too-large' })
    expect(await db.database.blob.count()).toBe(blobs)
  })

  test('who is still sending gets the answer, not a broken connection', async () => {
    const api = await createApi(db, { maxUploadBytes: 4 << 20 })
    const url = await api.listen({ host: '127.0.0.1', port: 0 })
    /** Longer than what fits into the buffers between client and server. */
    async function* chunks(head: string, megabytes: number) {
      yield Buffer.from(head)
      for (let sent = 0; sent < megabytes; sent++) yield Buffer.from('1,x\n'.repeat(1 << 18))
      yield Buffer.from(TAIL)
    }
    const send = (path: string, type: string, head: string, megabytes: number) =>
      fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': type },
        body: ReadableStream.from(chunks(head, megabytes)),
        duplex: 'half',
      } as RequestInit)
    const TAIL = '\r\n--x--\r\n'
    const FORM = 'multipart/form-data; boundary=x'
    const PART = '--x\r\nContent-Disposition: form-data; name="f"; filename="f.csv"\r\n\r\n'
    for (const [path, type, head, megabytes, status] of [
      ['/v1/datasets', 'text/csv', 'a,label\n', 8, 413],
      ['/v1/datasets', FORM, `${PART}a,label\n`, 8, 413],
      ['/v1/datasets', 'text/csv', 'a,label\n1,x\nsix,y\n', 3, 422],
      ['/v1/datasets', 'image/png', '', 8, 415],
      ['/v1/models', 'application/zip', '', 8, 413],
      ['/v1/models', FORM, PART, 8, 413],
      ['/v1/jobs', 'application/json', '"', 8, 413],
    ] as const) {
      const response = await send(path, type, head, megabytes)
      expect({ path, type, status: response.status }).toEqual({ path, type, status })
      expect((await response.json()) as object).toMatchObject({ status })
    }
    await api.close()
  })

  test.each([
    ['/v1/jobs', 'text/plain'],
    ['/v1/jobs', 'application/json\ta'],
    ['/v1/jobs', 'application/json x'],
    ['/v1/jobs', ';;;'],
    ['/v1/jobs', 'multipart/form-data; boundary=x'],
    ['/v1/jobs/validate', 'application/xml'],
    ['/v1/datasets', 'application/json'],
    ['/v1/datasets', 'text/csv\ta'],
    ['/v1/datasets', 'image/png'],
    ['/v1/models', 'application/json'],
    ['/v1/models', 'text/plain'],
  ])('%s does not take %j', async (url, type) => {
    const request: InjectOptions = {
      method: 'POST',
      url,
      headers: { 'content-type': type },
      payload: '{}',
    }
    expect(await refused(request)).toMatchObject({ status: 415, code: 'unsupported-media-type' })
  })

  test.each(['/v1/datasets', '/v1/models'])('%s without a body is 415', async (url) => {
    expect(await refused({ method: 'POST', url })).toMatchObject({ status: 415 })
  })

  test('IDX needs a form', async () => {
    expect(await refused(upload('x', '?format=idx'))).toMatchObject({ status: 415 })
  })
})

describe('paths, methods and parameters', () => {
  test.each<[string, 'job' | 'dataset' | 'model', ('GET' | 'POST' | 'DELETE')?]>([
    ['/v1/jobs/:id', 'job'],
    ['/v1/jobs/:id', 'job', 'DELETE'],
    ['/v1/jobs/:id/cancel', 'job', 'POST'],
    ['/v1/jobs/:id/events', 'job'],
    ['/v1/jobs/:id/metrics', 'job'],
    ['/v1/jobs/:id/report', 'job'],
    ['/v1/jobs/:id/split', 'job'],
    ['/v1/jobs/:id/student', 'job'],
    ['/v1/datasets/:id', 'dataset'],
    ['/v1/datasets/:id/preview', 'dataset'],
    ['/v1/datasets/:id', 'dataset', 'DELETE'],
    ['/v1/models/:id', 'model'],
    ['/v1/models/:id/weights', 'model'],
    ['/v1/models/:id', 'model', 'DELETE'],
  ])(
    '%s of an unknown %s is 404, and of an impossible one 400',
    async (url, what, method = 'GET') => {
      const at = (id: string) => refused({ method, url: url.replace(':id', id) })
      const problem = await at('nope')
      expect(problem).toMatchObject({ status: 404, code: `${what}-not-found` })
      expect(problem.body.detail).toContain('nope')
      for (const id of ['%00', 'a'.repeat(65), 'a'.repeat(500), '%zz'])
        expect(await at(id)).toMatchObject({ status: 400, code: 'invalid-request' })
    },
  )

  test.each([
    ['PUT', '/v1/jobs', 'GET, HEAD, POST'],
    ['PATCH', '/v1/jobs/job_1', 'DELETE, GET, HEAD'],
    ['GET', '/v1/jobs/job_1/cancel', 'POST'],
    ['POST', '/v1/models/mdl_1/weights', 'GET, HEAD'],
    ['DELETE', '/health/live', 'GET, HEAD'],
  ] as const)('%s %s is 405 with what is allowed', async (method, url, allow) => {
    const problem = await refused({ method, url })
    expect(problem).toMatchObject({ status: 405, code: 'method-not-allowed' })
    expect(problem.headers.allow).toBe(allow)
  })

  test.each(['/nope', '/v1', '/v1/jobs/a/b/c', '/v2/jobs'])('%s is not there', async (url) => {
    expect(await refused({ url })).toMatchObject({ status: 404, code: 'route-not-found' })
  })

  test.each([
    '/v1/jobs?limit=0',
    '/v1/jobs?limit=101',
    '/v1/jobs?limit=many',
    '/v1/jobs?status=done',
    '/v1/jobs?name=%00',
    '/v1/jobs?cursor=AAAA',
    '/v1/datasets?cursor=!!',
    '/v1/datasets/ds_digits/preview?offset=-1',
    '/v1/datasets/ds_digits/preview?limit=1000',
    '/v1/jobs/job_1/events?after=99999999999',
    '/v1/models/mdl_1/weights?format=zip',
  ])('%s is refused', async (url) => {
    expect(await refused({ url })).toMatchObject({ status: 400, code: 'invalid-request' })
  })

  test('what does not exist yet is 409, and may be asked for again', async () => {
    const { id } = (await app.inject(submit(linearJob()))).json()
    for (const url of [`/v1/jobs/${id}/report`, `/v1/jobs/${id}/student`]) {
      const problem = await refused({ url })
      expect(problem).toMatchObject({ status: 409, code: 'not-ready', body: { retryable: true } })
    }
    expect(await refused({ method: 'DELETE', url: `/v1/jobs/${id}` })).toMatchObject({
      status: 409,
      code: 'job-not-terminal',
    })
    await app.inject({ method: 'POST', url: `/v1/jobs/${id}/cancel` })
    expect(await refused({ url: `/v1/jobs/${id}/report` })).toMatchObject({
      status: 409,
      code: 'never-ready',
      body: { retryable: false },
    })
  })

  test('the built-in dataset, and one that a waiting job needs, stay', async () => {
    expect(await refused({ method: 'DELETE', url: '/v1/datasets/ds_digits' })).toMatchObject({
      status: 409,
      code: 'in-use',
    })
    const two = await uploaded(TWO_CLASSES)
    const spec = linearJob({ dataset: { id: two }, training: { batchSize: 2 } })
    const job = (await app.inject(submit(spec))).json()
    const remove: InjectOptions = { method: 'DELETE', url: `/v1/datasets/${two}` }
    const problem = await refused(remove)
    expect(problem).toMatchObject({ status: 409, code: 'in-use' })
    expect(problem.body.detail).toContain(job.id)
    await app.inject({ method: 'POST', url: `/v1/jobs/${job.id}/cancel` })
    expect((await app.inject(remove)).statusCode).toBe(204)
  })
})

describe('with an API key', () => {
  const KEY = 'a-key-of-sixteen-characters'
  let locked: Api
  const routes: Route[] = []
  beforeAll(async () => {
    locked = await createApi(db, { apiKey: KEY })
    await locked.ready()
    routes.push(...routesOf(locked))
  })
  afterAll(() => locked.close())
  const inject = (method: string, url: string, authorization?: string) =>
    locked.inject({
      method: method as 'GET',
      url: url.replaceAll(/:\w+/g, 'x'),
      ...(authorization === undefined ? {} : { headers: { authorization } }),
    })

  test('no route under /v1 answers without it, and none with another', async () => {
    const closed = routes.filter(({ url }) => url.startsWith('/v1'))
    expect(closed.length).toBeGreaterThan(20)
    for (const { method, url } of closed)
      for (const authorization of [undefined, 'Bearer wrong-key-wrong-key', KEY, 'Basic eDp5']) {
        const response = await inject(method, url, authorization)
        expect({ method, url, status: response.statusCode }).toEqual({ method, url, status: 401 })
        expect(response.headers['content-type']).toMatch(/^application\/problem\+json/)
        expect(response.headers['www-authenticate']).toBe('Bearer')
        expect(response.json().code).toBe('unauthorized')
      }
  })

  test('it opens every route under /v1', async () => {
    for (const { method, url } of routes.filter((route) => route.url.startsWith('/v1')))
      expect((await inject(method, url, `Bearer ${KEY}`)).statusCode).not.toBe(401)
  })

  test('health, documentation and the start page stay open', async () => {
    for (const url of [
      '/health/live',
      '/health/ready',
      '/openapi.yaml',
      '/docs/static/swagger-ui.css',
    ])
      expect((await inject('GET', url)).statusCode).toBe(200)
    expect((await inject('GET', '/')).statusCode).toBe(302)
  })
})
