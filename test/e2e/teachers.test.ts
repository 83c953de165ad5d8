/** One teacher that comes back in every form a teacher can have: each must teach like the original. */
import { buffer } from 'node:stream/consumers'
import { beforeAll, expect, test } from 'vitest'
import { ZipFile } from 'yazl'
import { npyHeader } from '../../src/domain/npy-header.ts'
import type { Report } from '../../src/domain/report/report.ts'
import { form, type Part } from '../support/forms.ts'
import { forwardPass } from '../support/forward-pass.ts'
import { HttpClient } from '../support/http-client.ts'
import { entriesOf, float32, safetensorsFile } from '../support/safetensors-file.ts'
import { useService } from '../support/service.ts'
import { linearJob } from '../support/small-jobs.ts'

const service = useService()
const client = new HttpClient(() => service().url)
const ROWS = 1797

/** Of a trained teacher: its id, its file, its logits of every row of the digits. */
let original: { id: string; file: Buffer; logits: readonly number[][] }
let reference: Report

const teach = async (model: string, changes: Parameters<typeof linearJob>[0] = {}) => {
  const job = await client.run(linearJob({ teacher: { model }, ...changes }))
  return (await client.send<Report>('GET', `/v1/jobs/${job.id}/report`)).body
}

beforeAll(async () => {
  const job = await client.run(linearJob({ student: { architecture: { preset: 'logistic' } } }))
  const id = job.models.teacher ?? ''
  const { body } = await client.send('GET', `/v1/models/${id}`)
  const file = (await client.bytes(`/v1/models/${id}/weights`)).body
  const answer = forwardPass(body, file)
  const logits: number[][] = []
  for (let offset = 0; offset < ROWS; offset += 100) {
    const path = `/v1/datasets/ds_digits/preview?offset=${offset}&limit=100`
    const { data } = (await client.send('GET', path)).body
    for (const { features } of data) logits.push([...answer(features)])
  }
  original = { id, file, logits }
  reference = await teach(id)
}, 120_000)

function expectSame(report: Report, digits = 5): void {
  for (const arm of ['teacher', 'distilled'] as const) {
    expect(report.final?.[arm].accuracy, arm).toBe(reference.final?.[arm].accuracy)
    expect(report.final?.[arm].nll, arm).toBeCloseTo(reference.final?.[arm].nll ?? 0, digits)
  }
}

async function upload(query: string, body: Uint8Array | readonly Part[]) {
  const sent = body instanceof Uint8Array ? null : form(...body)
  const { status, body: answer } = await client.send(
    'POST',
    `/v1/models?${query}`,
    sent ? sent.payload : body,
    sent ? sent.headers : { 'content-type': 'application/octet-stream' },
  )
  expect({ status, detail: answer.detail }).toEqual({ status: 201, detail: undefined })
  return answer
}

test('a file that this service wrote is a teacher again, with its normalization and class names', async () => {
  const { id, model } = await upload('name=again', original.file)
  const { body: first } = await client.send('GET', `/v1/models/${original.id}`)
  const { classNames, network, normalization, taps } = first
  expect(model).toMatchObject({ form: 'network', classNames, network, normalization, taps })
  expect(taps.map(({ name }: { name: string }) => name)).toEqual(
    network.layers.map(({ name }: { name: string }) => name),
  )
  expectSame(await teach(id))
})

test('the same weights in the layout of PyTorch, with an architecture beside them, teach alike', async () => {
  const tensors = entriesOf(original.file)
  const numbers = (name: string) => {
    const bytes = tensors.find((entry) => entry.name === name)?.bytes ?? new Uint8Array()
    return new Float32Array(new Uint8Array(bytes).buffer)
  }
  const kernels = tensors.filter(({ name }) => name.endsWith('.kernel'))
  const state = kernels.flatMap(({ name, shape }, at) => {
    const [inputs = 0, units = 0] = shape
    const kernel = numbers(name)
    const transposed = Float32Array.from(
      kernel,
      (_, index) => kernel[(index % inputs) * units + Math.floor(index / inputs)] ?? 0,
    )
    const bias = numbers(name.replace('kernel', 'bias'))
    return [
      {
        name: `${2 * at}.weight`,
        dtype: 'F32',
        shape: [units, inputs],
        bytes: float32(transposed),
      },
      { name: `${2 * at}.bias`, dtype: 'F32', shape: [units], bytes: float32(bias) },
    ]
  })
  const mean = [...numbers('normalization.mean')].join(',')
  const deviation = [...numbers('normalization.standardDeviation')].join(',')
  const { id, notes } = await upload(
    `layout=pytorch&inputShape=8,8,1&inputMean=${mean}&inputStandardDeviation=${deviation}`,
    [
      { name: 'weights', filename: 'weights.safetensors', content: safetensorsFile(state) },
      {
        name: 'architecture',
        filename: 'architecture.json',
        content: JSON.stringify({
          layers: [
            { type: 'dense', units: 16, activation: 'relu' },
            { type: 'dense', units: 10 },
          ],
        }),
      },
    ],
  )
  expect(notes).toEqual([expect.stringMatching(/flatten/)])
  expectSame(await teach(id))
})

const npy = (rows: readonly (readonly number[])[]): Buffer =>
  Buffer.concat([npyHeader(rows.length, 10), float32(rows.flat())])

test('its recorded logits alone teach alike, in folds and on a test set', async () => {
  const parts = ['logits', 'test'].map((name) => ({
    name,
    filename: `${name}.npy`,
    content: npy(original.logits),
  }))
  const { id, model } = await upload('dataset=ds_digits&testSet=ds_digits', parts)
  expect(model).toMatchObject({
    form: 'outputs',
    inputShape: null,
    network: null,
    parameters: null,
    taps: [],
    outputs: { represents: 'logits', dataset: { rows: ROWS }, testSet: { rows: ROWS } },
  })
  expectSame(await teach(id))
  const folded = await teach(id, {
    evaluation: { protocol: 'k-fold', folds: 2, testSet: { id: 'ds_digits' }, control: false },
  })
  expect(folded.evaluation.teacherPerFold).toBe('frozen')
  expect(folded.arms.teacher).toMatchObject({ parameters: null, weightBytes: null })
  expect(folded.final?.teacher.accuracy).toBeCloseTo(
    folded.arms.teacher.metrics.accuracy.mean ?? 0,
    3,
  )
  const kept = await client.bytes(`/v1/models/${id}/weights`)
  expect(kept.body.equals(npy(original.logits))).toBe(true)
  const asked = await client.send('GET', `/v1/models/${id}/weights?format=safetensors`)
  expect(asked).toMatchObject({
    status: 409,
    body: { code: 'never-ready', detail: expect.stringMatching(/form outputs.*outputs or test-/) },
  })
})

test('its probabilities, in an .npz, teach alike; jobs on other data are refused', async () => {
  const probabilities = original.logits.map((row) => {
    const top = Math.max(...row)
    const powers = row.map((logit) => Math.exp(logit - top))
    const sum = powers.reduce((a, b) => a + b)
    return powers.map((power) => power / sum)
  })
  const zip = new ZipFile()
  zip.addBuffer(npy(probabilities), 'probabilities.npy')
  zip.end()
  const { id, notes } = await upload('dataset=ds_digits', await buffer(zip.outputStream))
  expect(notes).toEqual([expect.stringMatching(/logarithms.*1e-7/)])
  // Of probabilities below 1e-7 that much is lost.
  expectSame(await teach(id), 2)

  const refusal = async (changes: Parameters<typeof linearJob>[0]) => {
    const { status, body } = await client.send(
      'POST',
      '/v1/jobs',
      linearJob({ teacher: { model: id }, ...changes }),
    )
    return { status, code: body.errors?.[0]?.code }
  }
  const csv = `a,label\n${Array.from({ length: 40 }, (_, row) => `${row},${row % 10}`).join('\n')}\n`
  const { body: other } = await client.send('POST', '/v1/datasets?name=other', csv, {
    'content-type': 'text/csv',
  })
  expect(await refusal({ dataset: { id: other.id } })).toEqual({
    status: 422,
    code: 'outputs-of-other-data',
  })
  expect(
    await refusal({ evaluation: { protocol: 'test-set', testSet: { id: 'ds_digits' } } }),
  ).toEqual({ status: 422, code: 'outputs-without-test-set' })
})
