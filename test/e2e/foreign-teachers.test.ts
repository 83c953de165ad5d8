/** Models of PyTorch and Keras teach over HTTP, and what the report says of them is what those frameworks computed. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { Report } from '../../src/domain/report/report.ts'
import { logSumExp } from '../support/forward-pass.ts'
import { HttpClient } from '../support/http-client.ts'
import { useService } from '../support/service.ts'
import { linearJob } from '../support/small-jobs.ts'

const service = useService()
const client = new HttpClient(() => service().url)

const FIXTURES = path.resolve(import.meta.dirname, '../fixtures')
const SHAPE = [7, 6, 3]
const WIDTH = 126
const CLASSES = 4
/** Each row of a fixture stands in the dataset this often, under each label. */
const REPEATS = 2

interface Answers {
  readonly rows: number[]
  readonly logits: number[]
}
const read = (file: string): Buffer => readFileSync(path.join(FIXTURES, file))
const answers = (name: string): Answers => JSON.parse(read(`${name}.json`).toString())

/** Every row with every label, so that no class is small. */
async function uploadRows({ rows }: Answers): Promise<string> {
  const lines = [
    [...Array(WIDTH).keys()]
      .map((index) => `p${index}`)
      .concat('label')
      .join(','),
  ]
  for (let repeat = 0; repeat < REPEATS; repeat++)
    for (let start = 0; start < rows.length; start += WIDTH)
      for (let label = 0; label < CLASSES; label++)
        lines.push([...rows.slice(start, start + WIDTH), label].join(','))
  const query = `name=rows&inputShape=${SHAPE.join(',')}`
  const { status, body } = await client.send(
    'POST',
    `/v1/datasets?${query}`,
    `${lines.join('\n')}\n`,
    {
      'content-type': 'text/csv',
    },
  )
  expect(status, JSON.stringify(body)).toBe(201)
  return body.id
}

const upload = (bytes: Uint8Array, type: string, query = '') =>
  client.send('POST', `/v1/models?name=teacher${query}`, bytes, { 'content-type': type })

/** Mean over rows and labels of -log softmax(logits)[label]. */
function crossEntropy({ logits }: Answers): number {
  let sum = 0
  for (let start = 0; start < logits.length; start += CLASSES) {
    const row = logits.slice(start, start + CLASSES)
    for (const value of row) sum += logSumExp(row) - value
  }
  return sum / logits.length
}

const jobWith = (model: string, dataset: string) =>
  linearJob({
    dataset: { id: dataset },
    teacher: { model },
    training: { epochs: 1, batchSize: 8 },
    evaluation: { protocol: 'test-set', testSet: { id: dataset }, control: false },
  })

test.each([
  ['onnx', 'onnx/convnet', 'onnx', 'application/octet-stream'],
  ['saved-model', 'saved-model/convnet', 'zip', 'application/zip'],
])(
  'a teacher of form %s distils, with the logits of its own framework',
  async (form, name, suffix, type) => {
    const bytes = read(`${name}.${suffix}`)
    const { status, body } = await upload(bytes, type)
    expect(status, JSON.stringify(body)).toBe(201)
    expect(body.model).toMatchObject({ form, inputShape: SHAPE, classes: CLASSES, network: null })
    expect(body.model.sizeBytes).toBe(bytes.length)
    const shown = (await client.send('GET', `/v1/models/${body.id}`)).body
    expect(shown.taps.map((tap: { name: string }) => tap.name)).toEqual(
      form === 'onnx' ? expect.arrayContaining(['relu', 'max_pool2d']) : [],
    )
    expect((await client.bytes(`/v1/models/${body.id}/weights`)).body.equals(bytes)).toBe(true)

    const dataset = await uploadRows(answers(name))
    const id = await client.submit(jobWith(body.id, dataset))
    await client.until(id, (job) => job.status === 'succeeded')
    const report: Report = (await client.send('GET', `/v1/jobs/${id}/report`)).body
    expect(Math.abs((report.final?.teacher?.nll ?? 0) - crossEntropy(answers(name)))).toBeLessThan(
      1e-5,
    )
    expect(report.final?.distilled.accuracy).toBeGreaterThanOrEqual(0)
    const student = await client.bytes(`/v1/jobs/${id}/student?format=safetensors`)
    expect(student.status).toBe(200)
  },
)

test('a model whose logits are not finite fails the job in words, and the next job runs', async () => {
  const dataset = await uploadRows(answers('onnx/convnet'))
  const model = read('onnx/convnet.onnx')
  const overflowing = await upload(
    model,
    'application/octet-stream',
    '&inputStandardDeviation=1e-38',
  )
  expect(overflowing.status).toBe(201)
  const failed = await client.submit(jobWith(overflowing.body.id, dataset))
  const job = await client.until(failed, (now) => now.status === 'failed')
  expect(job.failure).toMatchObject({ class: 'user', code: 'logits-not-finite' })

  const good = await upload(model, 'application/octet-stream')
  const next = await client.submit(jobWith(good.body.id, dataset))
  await client.until(next, (now) => now.status === 'succeeded')
})

test('a model that onnxruntime does not take is a 422 with its words', async () => {
  const bytes = read('onnx/convnet.onnx')
  bytes[bytes.indexOf(3, bytes.indexOf('kernel_shape') + 12)] = 7
  const { status, body } = await upload(bytes, 'application/octet-stream')
  expect({ status, code: body.errors?.[0]?.code }).toEqual({ status: 422, code: 'onnx-refused' })
  expect(body.detail).toContain('kernel_shape')
})

test.each([
  ['saved-model/reads-a-file.zip', 'application/zip', '', 'ReadFile'],
  ['saved-model/calls-python.zip', 'application/zip', '', 'PyFunc'],
  ['onnx/convnet.onnx', 'application/octet-stream', '&layout=pytorch', 'channels-first'],
  ['onnx/convnet.onnx', 'application/octet-stream', '&output=nothing', 'no output'],
  ['onnx/convnet.onnx', 'application/octet-stream', '&signature=serve', 'signature'],
  ['onnx/convnet.onnx', 'application/octet-stream', '&classNames=a,b', '2 class names'],
])('an upload of %s as %s with "%s" is a 422 that says %s', async (file, type, query, words) => {
  const { status, body } = await upload(read(file), type, query)
  expect({ status, code: body.code }).toEqual({ status: 422, code: 'invalid-model' })
  expect(body.detail).toContain(words)
})
