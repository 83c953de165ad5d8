/** Teachers that are more than one network, or come from another job; and networks between teacher and student. */
import { expect, test } from 'vitest'
import type { Job } from '../../src/cli/client.ts'
import type { JobSpec } from '../../src/domain/job-spec.ts'
import type { Report } from '../../src/domain/report/report.ts'
import { forwardPass } from '../support/forward-pass.ts'
import { HttpClient } from '../support/http-client.ts'
import { useService } from '../support/service.ts'
import { endlessJob, foldedJob, linearJob, taskOf } from '../support/small-jobs.ts'

const service = useService()
const client = new HttpClient(() => service().url)
const ROWS = 1797
const CLASSES = 10

const mlp = (units: number, epochs = 3, learningRate = 0.01) => ({
  train: {
    architecture: { preset: 'mlp' as const, hiddenUnits: [units] },
    training: { epochs, optimizer: { name: 'adam' as const, learningRate } },
  },
})

const reportOf = async (job: Job): Promise<Report> =>
  (await client.send<Report>('GET', `/v1/jobs/${job.id}/report`)).body
const modelOf = async (id: string | null | undefined) =>
  (await client.send('GET', `/v1/models/${id}`)).body
const keysOf = (job: Job): string[] => job.tasks.map(({ key }) => key)

const refusal = async (changes: Partial<JobSpec>) => {
  const { status, body } = await client.send('POST', '/v1/jobs', linearJob(changes))
  const { pointer, code } = body.errors?.[0] ?? {}
  return [status, pointer, code]
}

test('the student of an earlier job teaches, and what taught whom is kept', async () => {
  const first = await client.run(linearJob())
  const student = first.models.student ?? ''
  const second = await client.run(linearJob({ teacher: { job: first.id } }))
  const same = await client.run(linearJob({ teacher: { model: student } }))
  const [one, other] = [await modelOf(second.models.student), await modelOf(same.models.student)]
  expect(one.files.safetensors).toEqual(other.files.safetensors)
  expect(taskOf(second, 'teacher/final')).toMatchObject({ kind: 'predict', status: 'succeeded' })
  expect(second.resolvedSpec).toMatchObject({ teacher: { modelId: student, jobId: first.id } })
  expect(one.lineage).toEqual({
    jobId: second.id,
    role: 'student',
    index: 0,
    taughtBy: [student],
  })
  expect((await modelOf(student)).lineage.taughtBy).toEqual([first.models.teacher])
  expect((await modelOf(first.models.teacher)).lineage.taughtBy).toEqual([])
  expect((await reportOf(second)).stamps).toEqual([expect.stringMatching(/stored model/)])

  const csv = `a,label\n${Array.from({ length: 40 }, (_, row) => `${row},${row % 10}`).join('\n')}\n`
  const { body } = await client.send('POST', '/v1/datasets?name=other', csv, {
    'content-type': 'text/csv',
  })
  expect(await refusal({ dataset: { id: body.id }, teacher: { job: first.id } })).toEqual([
    422,
    '/teacher/job',
    'shape-mismatch',
  ])
  expect(await refusal({ teacher: { job: 'job_none' } })).toEqual([
    422,
    '/teacher/job',
    'job-not-found',
  ])
  await client.send('DELETE', `/v1/models/${student}`)
  expect(await refusal({ teacher: { job: first.id } })).toEqual([
    422,
    '/teacher/job',
    'job-without-student',
  ])
})

test('a job that has not succeeded has no student that could teach', async () => {
  const id = await client.submit(endlessJob())
  expect(await refusal({ teacher: { job: id } })).toEqual([422, '/teacher/job', 'job-not-finished'])
  await client.send('POST', `/v1/jobs/${id}/cancel`)
  await client.ended(id)
  expect(await refusal({ teacher: { job: id } })).toEqual([
    422,
    '/teacher/job',
    'job-without-student',
  ])
})

test('a student can be its own teacher: the same network, trained on labels from another start', async () => {
  const job = await client.run(linearJob({ teacher: { self: true } }))
  const { teacher, student } = job.resolvedSpec as { teacher: object; student: object }
  expect(teacher).toEqual({ kind: 'train', ...student })
  const { arms } = await reportOf(job)
  expect(arms.teacher.parameters).toBe(arms.distilled.parameters)
  expect(arms.distilled.metrics.agreement.mean).toBeLessThan(1)
  expect((await modelOf(job.models.student)).lineage.taughtBy).toEqual([job.models.teacher])
})

/** Of every row of the digits, by the weights that the service gives out. */
async function probabilitiesOf(ids: readonly string[]): Promise<{
  labels: number[]
  members: number[][][]
}> {
  const models = await Promise.all(
    ids.map(async (id) => ({
      body: await modelOf(id),
      file: (await client.bytes(`/v1/models/${id}/weights`)).body,
    })),
  )
  const answers = models.map(({ body, file }) => forwardPass(body, file))
  const classOf = new Map<string, number>(
    models[0]?.body.classNames.map((name: string, at: number) => [name, at]),
  )
  const labels: number[] = []
  const members: number[][][] = ids.map(() => [])
  for (let offset = 0; offset < ROWS; offset += 100) {
    const page = `/v1/datasets/ds_digits/preview?offset=${offset}&limit=100`
    for (const { features, label } of (await client.send('GET', page)).body.data) {
      labels.push(classOf.get(label) ?? -1)
      for (const [index, answer] of answers.entries()) {
        const logits = [...answer(features)]
        const top = Math.max(...logits)
        const powers = logits.map((logit) => Math.exp(logit - top))
        const sum = powers.reduce((a, b) => a + b)
        members[index]?.push(powers.map((power) => power / sum))
      }
    }
  }
  return { labels, members }
}

test('an ensemble answers with the weighted mean of the probabilities of its members', async () => {
  const given = (await client.run(linearJob())).models.teacher ?? ''
  const weights = [3, 1, 2]
  const job = await client.run(
    linearJob({
      teacher: { ensemble: { members: [mlp(16), { model: given }, mlp(8)], weights } },
      evaluation: { protocol: 'test-set', testSet: { id: 'ds_digits' }, control: false },
    }),
  )
  const report = await reportOf(job)
  expect(job.models.members).toHaveLength(2)
  const [first = '', last = ''] = job.models.members
  const { labels, members } = await probabilitiesOf([first, given, last])
  const mixed = labels.map((_, row) =>
    Array.from({ length: CLASSES }, (__, one) =>
      members.reduce(
        (sum, rows, index) => sum + ((weights[index] ?? 0) / 6) * (rows[row]?.[one] ?? 0),
        0,
      ),
    ),
  )
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length
  const nllOf = (rows: readonly (readonly number[])[]) =>
    mean(rows.map((row, at) => -Math.log(row[labels[at] ?? -1] ?? Number.NaN)))
  expect(report.final?.teacher.nll).toBeCloseTo(nllOf(mixed), 5)
  expect(report.final?.teacher.accuracy).toBeCloseTo(
    mean(mixed.map((row, at) => Number(row.indexOf(Math.max(...row)) === labels[at]))),
    10,
  )
  expect(report.ensemble?.members).toMatchObject([
    {
      isGiven: false,
      weight: { mean: 0.5 },
      final: { nll: expect.closeTo(nllOf(members[0] ?? []), 5) },
    },
    { isGiven: true, final: { nll: expect.closeTo(nllOf(members[1] ?? []), 5) } },
    { isGiven: false, final: { nll: expect.closeTo(nllOf(members[2] ?? []), 5) } },
  ])
  expect(report.stamps[0]).toMatch(/of its members, 1 \(from 0\) was given/)
  expect((await modelOf(job.models.student)).lineage.taughtBy).toEqual([first, given, last])
  expect((await client.send('DELETE', `/v1/models/${given}`)).status).toBe(204)
})

test('members of a fold never see its held-out rows, and weights are found on rows that they set aside', async () => {
  const job = await client.run(
    foldedJob({
      teacher: {
        ensemble: { members: [mlp(16, 8), mlp(2, 1, 0.0001)], weights: 'inner-validation' },
      },
    }),
  )
  expect(keysOf(job)).toEqual([
    ...[0, 1].flatMap((fold) =>
      ['member-0', 'member-1', 'teacher', 'control', 'distilled'].map(
        (arm) => `${arm}/fold-${fold}`,
      ),
    ),
    ...['member-0', 'member-1', 'teacher', 'distilled'].map((arm) => `${arm}/final`),
    'latency',
    'report',
  ])
  const report = await reportOf(job)
  const rowsOf = (key: string) =>
    taskOf(job, key).result as {
      trainingRows: number
      heldOutRows: number
      validation: { rows: number }
    }
  for (const fold of [0, 1]) {
    const { trainingRows, heldOutRows, validation } = rowsOf(`member-1/fold-${fold}`)
    expect(trainingRows + heldOutRows + validation.rows).toBe(ROWS)
    expect(report.ensemble?.fits?.[fold]).toMatchObject({ fold, rows: validation.rows })
  }
  for (const { nll, averageNll } of report.ensemble?.fits ?? [])
    expect(nll).toBeLessThan(averageNll)
  const [good, bad] = report.ensemble?.members ?? []
  expect(good?.weight.mean).toBeGreaterThan(0.9)
  expect((good?.weight.mean ?? 0) + (bad?.weight.mean ?? 0)).toBeCloseTo(1, 10)
  expect(bad?.metrics.accuracy.mean).toBeLessThan(good?.metrics.accuracy.mean ?? 0)
  expect(report.stamps).toEqual([])
  expect(report.folds.map(({ heldOutRows }) => heldOutRows)).toEqual([899, 898])
})

test('assistants are taught one after the other, in every fold on its own rows', async () => {
  const job = await client.run(
    foldedJob({
      teacher: mlp(64, 4),
      chain: [
        { architecture: { preset: 'mlp', hiddenUnits: [32] } },
        {
          architecture: { preset: 'mlp', hiddenUnits: [16] },
          training: { epochs: 6, optimizer: { name: 'adam', learningRate: 0.01 } },
          objective: { variant: 'feature' },
        },
      ],
    }),
  )
  expect(keysOf(job).slice(0, 5)).toEqual([
    'teacher/fold-0',
    'control/fold-0',
    'assistant-0/fold-0',
    'assistant-1/fold-0',
    'distilled/fold-0',
  ])
  const assistants = job.models.assistants
  const taughtBy = async (id: string | null | undefined) => (await modelOf(id)).lineage.taughtBy
  expect(await taughtBy(assistants[0])).toEqual([job.models.teacher])
  expect(await taughtBy(assistants[1])).toEqual([assistants[0]])
  expect(await taughtBy(job.models.student)).toEqual([assistants[1]])
  expect(await modelOf(assistants[1])).toMatchObject({
    lineage: { role: 'assistant', index: 1 },
    form: 'network',
  })
  for (const index of [0, 1])
    expect(taskOf(job, `assistant-${index}/fold-1`)).toMatchObject({
      arm: 'assistant',
      index,
      fold: 1,
      result: { trainingRows: 899, heldOutRows: 898 },
    })
  const { chain, arms } = await reportOf(job)
  expect(chain?.map(({ parameters }) => parameters)).toEqual([2410, 1210])
  expect(arms.distilled.parameters).toBe(650)
  for (const link of chain ?? []) {
    expect(link.folds).toHaveLength(2)
    expect(link.metrics.accuracy.mean).toBeGreaterThan(0.5)
  }
  const { body: manifest } = await client.send(
    'GET',
    `/v1/models/${assistants[0]}/weights?format=manifest`,
  )
  expect(manifest.metrics.heldOut.accuracy.mean).toBe(chain?.[0]?.metrics.accuracy.mean)
})

test('generations are born again of the student, the last of which is delivered', async () => {
  const job = await client.run(linearJob({ teacher: { self: true }, chain: { generations: 3 } }))
  expect(keysOf(job)).toEqual([
    'teacher/final',
    'assistant-0/final',
    'assistant-1/final',
    'distilled/final',
    'latency',
    'report',
  ])
  const { chain, arms, final } = await reportOf(job)
  const parameters = arms.teacher.parameters
  expect([...(chain ?? []), arms.distilled].map((arm) => arm.parameters)).toEqual(
    Array(3).fill(parameters),
  )
  const accuracies = [...(chain ?? []).map((link) => link.final), final?.distilled].map(
    (one) => one?.nll,
  )
  expect(new Set(accuracies).size).toBe(3)
})
