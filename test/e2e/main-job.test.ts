/** The main job over HTTP, as a client lives it: submit, watch, read the report, download and use the student. */
import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { fromBufferPromise } from 'yauzl'
import type { Job } from '../../src/cli/client.ts'
import type { JobSpec } from '../../src/domain/job-spec.ts'
import type { Metrics } from '../../src/domain/report/metrics.ts'
import type { Report } from '../../src/domain/report/report.ts'
import { PLOT_NAMES } from '../../src/report-page/report-plots.ts'
import { argMax, forwardPass } from '../support/forward-pass.ts'
import { HttpClient } from '../support/http-client.ts'
import { useService } from '../support/service.ts'
import { foldedJob, taskOf } from '../support/small-jobs.ts'

const FOLDS = 2
const EPOCHS = 4
const SPEC: JobSpec = foldedJob(
  {
    name: 'main job',
    student: { architecture: { preset: 'mlp', hiddenUnits: [12] } },
    transfer: { labelledFraction: 0.5 },
    evaluation: { protocol: 'k-fold', folds: FOLDS },
  },
  EPOCHS,
)
const ALL_TIMEOUT_MS = 240_000

const service = useService()
const client = new HttpClient(() => service().url)
const reportOf = async (id: string): Promise<Report> =>
  (await client.send('GET', `/v1/jobs/${id}/report`)).body

let job: Job
let report: Report
/** All that a spec determines: how long a network takes is measured anew. */
const withoutTimes = ({ arms, warnings, ...rest }: Report) => ({
  ...rest,
  arms: Object.values(arms).map((arm) => ({ ...arm, latency: null, trainingSeconds: null })),
  warnings: warnings.filter(({ code }) => code !== 'distillation-cost'),
})
const percents: number[] = []
/** The same spec again, submitted while the first ran; and with another seed. */
let twin: Job
let other: Job

beforeAll(async () => {
  const accepted = await client.send('POST', '/v1/jobs', SPEC)
  expect(accepted.status).toBe(202)
  const { id } = accepted.body
  expect(accepted.headers.get('location')).toBe(`/v1/jobs/${id}`)
  expect(accepted.body).toMatchObject({ status: 'queued', terminal: false, spec: SPEC })
  const early = await client.send('GET', `/v1/jobs/${id}/report`)
  expect({ status: early.status, code: early.body.code }).toEqual({
    status: 409,
    code: 'not-ready',
  })
  const twinId = await client.submit(SPEC)
  const otherId = await client.submit({ ...SPEC, seed: 8 })
  job = await client.until(id, (now) => {
    percents.push(now.progress.percent)
    return now.status === 'succeeded'
  })
  report = await reportOf(id)
  twin = await client.until(twinId, (now) => now.status === 'succeeded')
  other = await client.until(otherId, (now) => now.status === 'succeeded')
}, ALL_TIMEOUT_MS)

describe('while it runs', () => {
  test('progress goes from 0 to 100 and never back', () => {
    expect(percents).toEqual([...percents].sort((a, b) => a - b))
    expect(percents.at(-1)).toBe(100)
    expect(new Set(percents).size).toBeGreaterThan(4)
  })

  test('a distilled task starts after its teacher has ended, and every task ends once', async () => {
    expect(job).toMatchObject({ terminal: true, failure: null, queue: null, phase: null })
    expect(job.tasks.map((task) => [task.status, task.attempt])).toEqual(
      job.tasks.map(() => ['succeeded', 1]),
    )
    for (const part of ['fold-0', 'fold-1', 'final']) {
      const teacher = taskOf(job, `teacher/${part}`)
      const distilled = taskOf(job, `distilled/${part}`)
      expect(Date.parse(distilled.startedAt ?? '')).toBeGreaterThanOrEqual(
        Date.parse(teacher.finishedAt ?? ''),
      )
    }
    const { body } = await client.send('GET', `/v1/jobs/${job.id}/events`)
    const types: string[] = body.data.map((event: { type: string }) => event.type)
    expect(types[0]).toBe('job-submitted')
    expect(types.at(-1)).toBe('job-succeeded')
    expect(types.filter((type) => type === 'task-succeeded')).toHaveLength(job.tasks.length)
  })

  test('every training leaves one curve with all its epochs, and its loss goes down', async () => {
    const { body } = await client.send('GET', `/v1/jobs/${job.id}/metrics`)
    const trainings = job.tasks.filter((task) => task.kind === 'train').map((task) => task.key)
    expect(body.data.map((series: { task: string }) => series.task)).toEqual(trainings)
    for (const { task, attempt, epochs } of body.data) {
      expect(attempt).toBe(1)
      expect(epochs.map((one: { epoch: number }) => one.epoch)).toEqual(
        Array.from({ length: EPOCHS }, (_, index) => index + 1),
      )
      expect(epochs.at(-1).loss, task).toBeLessThan(epochs[0].loss)
    }
  })
})

describe('its report', () => {
  const arms = ['teacher', 'distilled', 'control'] as const
  const rates = ['accuracy', 'macroF1', 'agreement'] as const

  test('is about the data and the evaluation that were asked for', () => {
    expect(report.dataset).toMatchObject({ id: 'ds_digits', rows: 1797, inputShape: [8, 8, 1] })
    expect(report.evaluation).toMatchObject({
      protocol: 'k-fold',
      folds: FOLDS,
      stratified: true,
      teacherPerFold: 'retrain',
      labelledFraction: 0.5,
      seed: 7,
    })
    expect(report.folds.map((fold) => fold.fold)).toEqual([0, 1])
    expect(report.folds.reduce((sum, fold) => sum + fold.heldOutRows, 0)).toBe(1797)
    for (const fold of report.folds) expect(fold.heldOutRows + fold.trainingRows).toBe(1797)
  })

  test('has rates between 0 and 1 that a linear model on digits reaches, and no agreement of the teacher with itself', () => {
    for (const arm of arms)
      for (const fold of report.folds) {
        const metrics = fold[arm] as Metrics
        expect(metrics.accuracy, arm).toBeGreaterThan(0.6)
        expect(metrics.nll, arm).toBeGreaterThan(0)
        for (const rate of rates)
          if (arm === 'teacher' && rate === 'agreement') expect(metrics[rate]).toBeNull()
          else {
            expect(metrics[rate]).toBeGreaterThan(0)
            expect(metrics[rate]).toBeLessThanOrEqual(1)
          }
      }
  })

  test('means, deviations and gains follow from its folds', () => {
    const check = (
      summary: { mean: number | null; standardDeviation: number | null; n: number },
      values: readonly number[],
    ) => {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length
      const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
      expect(summary.n).toBe(FOLDS)
      expect(summary.mean).toBeCloseTo(mean, 12)
      expect(summary.standardDeviation).toBeCloseTo(Math.sqrt(squares / (values.length - 1)), 12)
    }
    const valuesOf = (arm: (typeof arms)[number], metric: keyof Metrics) =>
      report.folds.map((fold) => fold[arm]?.[metric] ?? Number.NaN)
    for (const metric of ['accuracy', 'macroF1', 'nll', 'agreement'] as const) {
      for (const arm of arms)
        if (arm !== 'teacher' || metric !== 'agreement')
          check(report.arms[arm]?.metrics[metric] as never, valuesOf(arm, metric))
      const control = valuesOf('control', metric)
      check(
        report.gain?.[metric] as never,
        valuesOf('distilled', metric).map((value, fold) => value - (control[fold] ?? 0)),
      )
    }
  })

  test('counts the weights of the networks', () => {
    expect(report.arms.teacher.parameters).toBe(64 * 16 + 16 + 16 * 10 + 10)
    expect(report.arms.distilled).toMatchObject({
      parameters: 64 * 12 + 12 + 12 * 10 + 10,
      weightBytes: 4 * (64 * 12 + 12 + 12 * 10 + 10),
    })
    expect(report.arms.control?.parameters).toBe(report.arms.distilled.parameters)
    for (const { latency } of [report.arms.teacher, report.arms.distilled])
      for (const batch of [latency?.batch1, latency?.batch64]) {
        expect(batch?.p50Ms).toBeGreaterThan(0)
        expect(batch?.p95Ms).toBeGreaterThanOrEqual(batch?.p50Ms ?? Number.NaN)
      }
  })

  test('is a page too, with the same verdict and every plot', async () => {
    const response = await fetch(`${service().url}/v1/jobs/${job.id}/report?format=html`)
    const page = await response.text()
    expect(page).toContain(report.verdict.sentence.replaceAll('<', '&lt;').replaceAll("'", '&#39;'))
    expect(page.match(/<figure id="plot-[a-z-]+">/g)).toHaveLength(PLOT_NAMES.length)
    expect(page).toContain(report.dataset.contentSha256)
    expect(page).toMatch(/trained with<\/dt><dd>distillery [^<]*tensorflow 2\./)
  })

  test('same spec and seed: the same report and the same bytes; another seed: other ones', async () => {
    const [again, third] = [await reportOf(twin.id), await reportOf(other.id)]
    expect(withoutTimes(again)).toEqual(withoutTimes(report))
    expect(third.folds).not.toEqual(report.folds)
    const sha256 = async (one: Job) =>
      (await client.send('GET', `/v1/models/${one.models.student}`)).body.files.safetensors.sha256
    expect(await sha256(twin)).toBe(await sha256(job))
    expect(await sha256(other)).not.toBe(await sha256(job))
  })
})

describe('the student', () => {
  const url = (format: string) => `/v1/jobs/${job.id}/student?format=${format}`

  test.each([
    ['safetensors', 'application/octet-stream', '.safetensors'],
    ['tfjs', 'application/zip', '.tfjs.zip'],
  ])('comes as %s under the hash of its bytes', async (format, type, suffix) => {
    const { status, headers, body } = await client.bytes(url(format))
    expect(status).toBe(200)
    const sha256 = createHash('sha256').update(body)
    const digest = sha256.copy().digest('base64')
    const hash = sha256.digest('hex')
    expect(headers.get('etag')).toBe(`"${hash}"`)
    expect(headers.get('repr-digest')).toBe(`sha-256=:${digest}:`)
    expect(headers.get('content-length')).toBe(String(body.length))
    expect(headers.get('content-type')).toBe(type)
    expect(headers.get('content-disposition')).toContain(suffix)
    const model = (await client.send('GET', `/v1/models/${job.models.student}`)).body
    expect(model.files[format]).toEqual({ sha256: hash, sizeBytes: body.length })
    const same = await client.bytes(`/v1/models/${job.models.student}/weights?format=${format}`)
    expect(same.body.equals(body)).toBe(true)
  })

  test.each([
    ['onnx', '.onnx'],
    ['savedmodel', '.savedmodel.zip'],
    ['onnx&precision=float16', '.float16.onnx'],
  ])('is made as %s, once', async (format, suffix) => {
    const [first, again] = [await client.bytes(url(format)), await client.bytes(url(format))]
    expect(first.status).toBe(200)
    const hash = createHash('sha256').update(first.body).digest('hex')
    expect(first.headers.get('etag')).toBe(`"${hash}"`)
    expect(first.headers.get('content-disposition')).toContain(suffix)
    expect(again.body.equals(first.body)).toBe(true)
    const { status, body } = await client.bytes(url(format), { range: 'bytes=-7' })
    expect([status, body]).toEqual([206, first.body.subarray(-7)])
  })

  test('has a manifest that leads from the file to its job and its numbers', async () => {
    const report = (await client.send('GET', `/v1/jobs/${job.id}/report`)).body
    const { headers } = await client.bytes(url('safetensors'))
    const manifest = (await client.send('GET', url('manifest'))).body
    expect(manifest).toMatchObject({
      safetensorsSha256: headers.get('etag')?.slice(1, -1),
      arm: 'distilled',
      seed: report.evaluation.seed,
      dataset: { contentSha256: report.dataset.contentSha256 },
      classNames: report.dataset.classNames,
      versions: { node: expect.any(String), tensorflow: expect.any(String) },
      model: { id: job.models.student },
      job: { id: job.id, resolvedSpec: { seed: report.evaluation.seed } },
      metrics: { heldOut: report.arms.distilled.metrics, gain: report.gain },
    })
  })

  test('comes in parts that add up to the whole', async () => {
    const whole = await client.bytes(url('safetensors'))
    const size = whole.body.length
    const etag = whole.headers.get('etag') ?? ''
    const parts: Buffer[] = []
    for (let start = 0; start < size; start += 1000) {
      const end = Math.min(start + 999, size - 1)
      const part = await client.bytes(url('safetensors'), {
        range: `bytes=${start}-${end}`,
        'if-range': etag,
      })
      expect(part.status).toBe(206)
      expect(part.headers.get('content-range')).toBe(`bytes ${start}-${end}/${size}`)
      parts.push(part.body)
    }
    expect(parts.length).toBeGreaterThan(2)
    expect(Buffer.concat(parts).equals(whole.body)).toBe(true)
    const last = await client.bytes(url('safetensors'), { range: 'bytes=-10' })
    expect(last.body.equals(whole.body.subarray(-10))).toBe(true)
  })

  test('is not sent again to who has it, and not in parts that it does not have', async () => {
    const { headers, body } = await client.bytes(url('tfjs'))
    const etag = headers.get('etag') ?? ''
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const answer = await client.bytes(url('tfjs'), { 'if-none-match': known })
      expect([answer.status, answer.body.length]).toEqual([304, 0])
      expect(answer.headers.get('etag')).toBe(etag)
    }
    expect((await client.bytes(url('tfjs'), { 'if-none-match': '"other"' })).status).toBe(200)
    const beyond = await client.bytes(url('tfjs'), { range: `bytes=${body.length}-` })
    expect(beyond.status).toBe(416)
    expect(beyond.headers.get('content-range')).toBe(`bytes */${body.length}`)
    expect(JSON.parse(beyond.body.toString()).code).toBe('range-not-satisfiable')
    const stale = { range: 'bytes=0-9', 'if-range': '"other"' }
    expect((await client.bytes(url('tfjs'), stale)).status).toBe(200)
  })

  test('recognises digits when its file alone is computed by hand', async () => {
    const { body: file } = await client.bytes(url('safetensors'))
    const model = (await client.send('GET', `/v1/models/${job.models.student}`)).body
    const logits = forwardPass(model, file)
    let right = 0
    let rows = 0
    for (const offset of [0, 100, 200]) {
      const preview = `/v1/datasets/ds_digits/preview?offset=${offset}&limit=100`
      for (const { features, label } of (await client.send('GET', preview)).body.data) {
        const answer = logits(features)
        expect(answer).toHaveLength(10)
        expect(answer.every(Number.isFinite)).toBe(true)
        rows += 1
        if (model.classNames[argMax(answer)] === label) right += 1
      }
    }
    expect(rows).toBe(300)
    expect(right / rows).toBeGreaterThan(0.6)
  })

  test('as tfjs is a zip of model.json and weights.bin', async () => {
    const { body } = await client.bytes(url('tfjs'))
    const zip = await fromBufferPromise(body, { lazyEntries: true })
    const files = new Map<string, Buffer>()
    for await (const entry of zip.eachEntry()) {
      const chunks: Buffer[] = []
      for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk)
      files.set(entry.fileName, Buffer.concat(chunks))
    }
    expect([...files.keys()].sort()).toEqual(['model.json', 'weights.bin'])
    const topology = JSON.parse(files.get('model.json')?.toString() ?? '')
    expect(topology.format).toBe('layers-model')
    expect(topology.weightsManifest[0].paths).toEqual(['weights.bin'])
    const numbers = topology.weightsManifest[0].weights.reduce(
      (sum: number, { shape }: { shape: number[] }) => sum + shape.reduce((a, b) => a * b, 1),
      0,
    )
    expect(files.get('weights.bin')?.length).toBe(4 * numbers)
  })
})

describe('after its end', () => {
  test('it cannot be cancelled, but deleted; its models stay', async () => {
    const cancel = await client.send('POST', `/v1/jobs/${other.id}/cancel`)
    expect({ status: cancel.status, code: cancel.body.code }).toEqual({
      status: 409,
      code: 'job-is-terminal',
    })
    expect((await client.send('DELETE', `/v1/jobs/${other.id}`)).status).toBe(204)
    expect((await client.send('GET', `/v1/jobs/${other.id}`)).status).toBe(404)
    expect((await client.send('GET', `/v1/models/${other.models.student}`)).status).toBe(200)
  })
})

test('a later job takes over what the same teachers left, and says from which job', async () => {
  const id = await client.submit({ ...SPEC, name: 'again', training: { epochs: 1 } })
  const again = await client.until(id, (now) => now.status === 'succeeded')
  const reused = (of: Job) =>
    of.tasks.flatMap(({ arm, result }) =>
      arm === 'teacher' ? [(result as { reusedFrom: unknown }).reusedFrom] : [],
    )
  const ours = [job.id, twin.id]
  for (const from of reused(again))
    expect(ours).toContain((from as { jobId: string } | null)?.jobId)
  expect(reused(again)).toHaveLength(FOLDS + 1)
  expect(reused(other)).toEqual([null, null, null])
  for (const { arm, result } of again.tasks)
    if (arm !== 'teacher') expect(result).not.toHaveProperty('reusedFrom')
  // The teacher is a model of this job, too, and its curve is there.
  expect(again.models.teacher).not.toBe(job.models.teacher)
  const { body } = await client.send('GET', `/v1/jobs/${id}/metrics`)
  const series: { task: string; epochs: unknown[] }[] = body.data
  expect(series.find(({ task }) => task === 'teacher/final')?.epochs).toHaveLength(EPOCHS)
})
