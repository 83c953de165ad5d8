/** What a job can be besides folds: a test set, a holdout, a teacher from outside; and one whose training breaks down. */
import { describe, expect, test } from 'vitest'
import type { Job } from '../../src/cli/client.ts'
import type { Report } from '../../src/domain/report/report.ts'
import { argMax, forwardPass, logSumExp } from '../support/forward-pass.ts'
import { HttpClient } from '../support/http-client.ts'
import { useService } from '../support/service.ts'
import { linearJob, taskOf } from '../support/small-jobs.ts'

const service = useService()
const client = new HttpClient(() => service().url)
const reportOf = async (job: Job): Promise<Report> =>
  (await client.send('GET', `/v1/jobs/${job.id}/report`)).body

interface Row {
  readonly label: string
  readonly features: number[]
}
async function rowsOf(dataset: string, pages: number): Promise<Row[]> {
  const rows: Row[] = []
  for (let page = 0; page < pages; page++) {
    const path = `/v1/datasets/${dataset}/preview?offset=${page * 100}&limit=100`
    rows.push(...(await client.send('GET', path)).body.data)
  }
  return rows
}

test('on a test set, every reported number follows from the delivered networks and the rows', async () => {
  const digits = await rowsOf('ds_digits', 3)
  const header = [...(digits[0]?.features ?? []).keys()].map((index) => `p${index}`)
  const csv = [
    [...header, 'label'].join(','),
    ...digits.map(({ features, label }) => [...features, label].join(',')),
  ].join('\n')
  const upload = await client.send('POST', '/v1/datasets?name=test&inputShape=8,8,1', `${csv}\n`, {
    'content-type': 'text/csv',
  })
  expect(upload.status).toBe(201)
  expect(upload.headers.get('location')).toBe(`/v1/datasets/${upload.body.id}`)
  expect(upload.body).toMatchObject({ rows: 300, inputShape: [8, 8, 1], classes: 10 })
  const evaluation = {
    protocol: 'test-set',
    testSet: { id: upload.body.id },
    control: false,
  } as const
  const id = await client.submit(linearJob({ evaluation }))

  const remove = await client.send('DELETE', `/v1/datasets/${upload.body.id}`)
  expect({ status: remove.status, code: remove.body.code }).toEqual({ status: 409, code: 'in-use' })
  const job = await client.until(id, (now) => now.status === 'succeeded')
  const report = await reportOf(job)
  expect(report).toMatchObject({
    evaluation: { protocol: 'test-set', folds: 0 },
    folds: [],
    gain: null,
    arms: { control: null },
    final: { heldOutRows: 300, trainingRows: 1797, control: null },
  })

  const rows = await rowsOf(upload.body.id, 3)
  expect(rows.map((row) => row.label)).toEqual(digits.map((row) => row.label))
  const answersOf = async (model: string | null) => {
    const { body } = await client.send('GET', `/v1/models/${model}`)
    const logits = forwardPass(body, (await client.bytes(`/v1/models/${model}/weights`)).body)
    const classOf = new Map<string, number>(
      body.classNames.map((name: string, at: number) => [name, at]),
    )
    return rows.map(({ features, label }) => ({
      logits: logits(features),
      label: classOf.get(label) ?? -1,
    }))
  }
  const teacher = await answersOf(job.models.teacher)
  const distilled = await answersOf(job.models.student)
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length
  for (const [arm, answers] of [
    ['teacher', teacher],
    ['distilled', distilled],
  ] as const) {
    const guesses = answers.map((answer) => argMax(answer.logits))
    expect(report.final?.[arm].accuracy, arm).toBeCloseTo(
      mean(answers.map((answer, at) => Number(guesses[at] === answer.label))),
      10,
    )
    expect(report.final?.[arm].nll, arm).toBeCloseTo(
      mean(answers.map(({ logits, label }) => logSumExp(logits) - (logits[label] ?? Number.NaN))),
      4,
    )
    const f1 = Array.from({ length: 10 }, (_, one) => {
      const hits = answers.filter(
        (answer, at) => answer.label === one && guesses[at] === one,
      ).length
      const both =
        answers.filter((answer) => answer.label === one).length +
        guesses.filter((guess) => guess === one).length
      return both === 0 ? 0 : (2 * hits) / both
    })
    expect(report.final?.[arm].macroF1, arm).toBeCloseTo(mean(f1), 10)
  }
  expect(report.final?.distilled.agreement).toBeCloseTo(
    mean(
      distilled.map(({ logits }, at) =>
        Number(argMax(logits) === argMax(teacher[at]?.logits ?? [])),
      ),
    ),
    10,
  )
})

test('a holdout measures all arms on the part that was kept back', async () => {
  const job = await client.run(
    linearJob({
      transfer: { labelledFraction: 0.2 },
      evaluation: { protocol: 'holdout', heldOutFraction: 0.25 },
    }),
  )
  const report = await reportOf(job)
  expect(report.evaluation).toMatchObject({ protocol: 'holdout', folds: 0, labelledFraction: 0.2 })
  expect((report.final?.heldOutRows ?? 0) + (report.final?.trainingRows ?? 0)).toBe(1797)
  expect(Math.abs((report.final?.heldOutRows ?? 0) - 1797 / 4)).toBeLessThan(10)
  for (const arm of ['teacher', 'distilled', 'control'] as const) {
    expect(report.final?.[arm]?.accuracy, arm).toBeGreaterThan(0.5)
    expect(report.arms[arm]?.metrics.accuracy.mean, arm).toBe(report.final?.[arm]?.accuracy)
  }
})

test('a digit that students never saw is known to the distilled one only, and the report tells what it took', async () => {
  const transfer = { omitClasses: ['3'], rebalanceOmitted: true }
  const objective = { terms: [{ method: 'soft-targets', temperature: 20 }] } as const
  const evaluation = { protocol: 'holdout', heldOutFraction: 0.25 } as const
  const refused = await client.send(
    'POST',
    '/v1/jobs/validate',
    linearJob({ transfer: { omitClasses: ['x'] } }),
  )
  expect(JSON.stringify(refused.body)).toContain('/transfer/omitClasses/0')

  const job = await client.run(linearJob({ transfer, objective, evaluation }, 15))
  const report = await reportOf(job)
  expect(report.stamps.join(' ')).toMatch(/no row of class "3"/)
  const [teacher, distilled, control] = report.omitted ?? []
  expect([teacher, distilled, control].map((one) => one?.arm)).toEqual([
    'teacher',
    'distilled',
    'control',
  ])
  const rowsTrained = (key: string) =>
    (taskOf(job, key).result as { trainingRows: number } | null)?.trainingRows
  expect(report.final?.trainingRows).toBe(rowsTrained('distilled/final'))
  expect((report.final?.trainingRows ?? 0) + (distilled?.omittedRows ?? 0)).toBe(
    rowsTrained('teacher/final'),
  )
  expect(distilled?.rebalancing?.shareAfter).toBeCloseTo(
    distilled?.rebalancing?.targetShare ?? 0,
    3,
  )
  expect(distilled?.recall ?? 0).toBeGreaterThan(0.8)
  expect(distilled?.recall ?? 0).toBeGreaterThan((control?.recall ?? 1) + 0.2)
})

test('folds keep groups whole, are cut twice, and teach by answers on rows that the teacher did not see', async () => {
  const digits = await rowsOf('ds_digits', 3)
  const header = [...(digits[0]?.features ?? []).keys()].map((index) => `p${index}`)
  const csv = [
    ['writer', ...header, 'label'].join(','),
    ...digits.map(({ features, label }, row) => [`w${row % 30}`, ...features, label].join(',')),
  ].join('\n')
  const upload = await client.send(
    'POST',
    '/v1/datasets?name=writers&groupColumn=writer',
    `${csv}\n`,
    { 'content-type': 'text/csv' },
  )
  expect(upload.body).toMatchObject({ inputShape: [64], groups: { column: 'writer', count: 30 } })
  const id = await client.submit(
    linearJob(
      {
        dataset: { id: upload.body.id },
        evaluation: {
          protocol: 'k-fold',
          folds: 2,
          repeats: 2,
          groups: true,
          control: false,
          teacherPerFold: 'cross-fit',
          innerFolds: 2,
        },
      },
      15,
    ),
  )
  const early = (await client.send('GET', `/v1/jobs/${id}/split`)).body
  const job = await client.until(id, (now) => now.status === 'succeeded')
  expect(job.tasks.map(({ key }) => key)).toEqual([
    ...[0, 1, 2, 3].flatMap((fold) => [
      `teacher/fold-${fold}`,
      `teacher/fold-${fold}/inner-0`,
      `teacher/fold-${fold}/inner-1`,
      `distilled/fold-${fold}`,
    ]),
    'teacher/final',
    'teacher/final/inner-0',
    'teacher/final/inner-1',
    'distilled/final',
    'latency',
    'report',
  ])
  const report = await reportOf(job)
  expect(report.evaluation).toMatchObject({
    folds: 2,
    repeats: 2,
    groups: { column: 'writer', count: 30 },
    teacherPerFold: 'cross-fit',
    innerFolds: 2,
    splitSha256: early.splitSha256,
    reportedEpoch: { teacher: 'last', student: 'last' },
  })
  expect(report.stamps).toEqual([expect.stringMatching(/^Soft labels are out-of-fold/)])
  expect(report.folds.map(({ repeat, fold }) => [repeat, fold])).toEqual([
    [0, 0],
    [0, 1],
    [1, 2],
    [1, 3],
  ])
  for (const { repeat, fold, heldOutRows, trainingRows } of report.folds) {
    const held = early.foldOfRow[repeat].filter((one: number) => one === fold).length
    expect([heldOutRows, trainingRows]).toEqual([held, 300 - held])
  }
  for (const folds of early.foldOfRow)
    for (let row = 30; row < 300; row++) expect(folds[row]).toBe(folds[row - 30])
  expect(report.arms.distilled.metrics.accuracy.n).toBe(4)
  expect(report.arms.distilled.metrics.accuracy.mean).toBeGreaterThan(0.5)
  const again = (await client.send('GET', `/v1/jobs/${id}/split`)).body
  expect(again).toEqual(early)
})

describe('a student that comes back as a teacher', () => {
  test('its tfjs file is taken, has the same weights, and teaches the same', async () => {
    const first = await client.run(linearJob({ name: 'first' }))
    const zip = await client.bytes(`/v1/jobs/${first.id}/student?format=tfjs`)
    const upload = await client.send(
      'POST',
      '/v1/models?name=back&classNames=0,1,2,3,4,5,6,7,8,9',
      new Uint8Array(zip.body),
      { 'content-type': 'application/zip' },
    )
    expect(upload.status).toBe(201)
    const { id, model } = upload.body
    const stored = (await client.send('GET', `/v1/models/${first.models.student}`)).body
    expect(model).toMatchObject({
      source: 'upload',
      lineage: null,
      inputShape: stored.inputShape,
      classNames: stored.classNames,
    })
    const rows = await rowsOf('ds_digits', 1)
    const logitsOf = async (which: typeof stored) =>
      forwardPass(which, (await client.bytes(`/v1/models/${which.id}/weights`)).body)
    const [mine, theirs] = [await logitsOf(model), await logitsOf(stored)]
    for (const { features } of rows)
      for (const [at, logit] of mine(features).entries())
        expect(logit).toBeCloseTo(theirs(features)[at] ?? Number.NaN, 3)

    const evaluation = { protocol: 'k-fold', folds: 2, control: false } as const
    const [given, back] = await Promise.all(
      [stored.id, id].map((teacher) =>
        client.run(linearJob({ teacher: { model: teacher }, evaluation })),
      ),
    )
    if (!given || !back) throw new Error('unreachable')
    expect(back.tasks.map((task) => [task.key, task.kind])).toEqual([
      ['teacher/final', 'predict'],
      ['distilled/fold-0', 'train'],
      ['distilled/fold-1', 'train'],
      ['distilled/final', 'train'],
      ['latency', 'latency'],
      ['report', 'report'],
    ])
    const [a, b] = [await reportOf(given), await reportOf(back)]
    expect(b.evaluation.teacherPerFold).toBe('frozen')
    expect(b.stamps.join(' ')).toMatch(/teacher/)
    expect(b.arms.teacher.metrics.accuracy.mean).toBeCloseTo(
      a.arms.teacher.metrics.accuracy.mean ?? Number.NaN,
      2,
    )
    expect(b.arms.distilled.metrics.agreement.mean).toBeGreaterThan(0.6)
  })
})

test('a training that diverges fails its job at once, as a mistake of the user', async () => {
  const training = {
    epochs: 20,
    optimizer: { name: 'sgd', learningRate: 100, momentum: 0.9 },
  } as const
  const architecture = { preset: 'mlp', hiddenUnits: [64, 64, 64] } as const
  const id = await client.submit(
    linearJob({ teacher: { train: { architecture, training } } } as never),
  )
  const job = await client.ended(id)
  expect(job).toMatchObject({
    status: 'failed',
    failure: { code: 'non-finite-loss', class: 'user', task: 'teacher/final' },
    models: { student: null },
  })
  expect(job.failure?.message).toMatch(/./)
  expect(taskOf(job, 'teacher/final')).toMatchObject({ status: 'failed', attempt: 1 })
  expect(taskOf(job, 'distilled/final')).toMatchObject({ status: 'cancelled', attempt: 0 })
  for (const what of ['report', 'student']) {
    const answer = await client.send('GET', `/v1/jobs/${id}/${what}`)
    expect([answer.status, answer.body.code]).toEqual([409, 'never-ready'])
  }
})
