/** Groups from the upload to the split of a job, which is there before any worker is. */
import { createHash } from 'node:crypto'
import type { InjectOptions } from 'fastify'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JobSpec } from '../../src/domain/job-spec.ts'
import { type Api, createApi } from '../support/api.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { form } from '../support/forms.ts'
import { linearJob } from '../support/small-jobs.ts'

let db: TestDatabase
let app: Api
beforeAll(async () => {
  db = await createTestDatabase()
  app = await createApi(db)
})
afterAll(async () => {
  await app.close()
  await db.drop()
})

const ROWS = 120
const patientOf = (row: number): string => `p${Math.floor(row / 6)}`
const csv = [
  'a,patient,b,label',
  ...Array.from(
    { length: ROWS },
    (_, row) => `${row},${patientOf(row)},${row % 7},${'xyz'[row % 3]}`,
  ),
].join('\n')

async function send(request: InjectOptions) {
  const response = await app.inject(request)
  return { status: response.statusCode, headers: response.headers, text: response.body }
}
const upload = (query: string) =>
  send({
    method: 'POST',
    url: `/v1/datasets?${query}`,
    headers: { 'content-type': 'text/csv' },
    payload: csv,
  })
async function submit(changes: Partial<JobSpec>): Promise<string> {
  const payload = JSON.stringify(linearJob(changes))
  const headers = { 'content-type': 'application/json' }
  const { status, text } = await send({ method: 'POST', url: '/v1/jobs', headers, payload })
  expect({ status, text }).toMatchObject({ status: 202 })
  return JSON.parse(text).id
}
const splitOf = async (id: string, format = 'json') =>
  send({ method: 'GET', url: `/v1/jobs/${id}/split?format=${format}` })

test('the split of a grouped, repeated job is there at once, keeps groups whole, and is the same as CSV', async () => {
  const uploaded = await upload('groupColumn=patient')
  const dataset = JSON.parse(uploaded.text)
  expect(dataset).toMatchObject({
    inputShape: [2],
    groups: { column: 'patient', count: 20, largest: 6 },
    profile: { featureNames: ['a', 'b'] },
    // Two features as float32, a label and a group a row.
    sizeBytes: ROWS * 16,
  })
  expect(dataset.contentSha256).not.toBe(JSON.parse((await upload('')).text).contentSha256)

  const id = await submit({
    dataset: { id: dataset.id },
    evaluation: { protocol: 'k-fold', folds: 4, repeats: 2, groups: 'patient' },
    training: { epochs: 2, earlyStopping: {} },
    transfer: { labelledFraction: 0.5 },
  })
  const json = await splitOf(id)
  expect(json.headers).toMatchObject({ 'content-type': 'application/json; charset=utf-8' })
  const split = JSON.parse(json.text)
  expect(split).toMatchObject({ rows: ROWS, split: { folds: 4, repeats: 2, grouped: true } })
  expect(split.foldOfRow).toHaveLength(2)
  for (const [repeat, folds] of split.foldOfRow.entries()) {
    expect(new Set(folds)).toEqual(new Set([0, 1, 2, 3].map((fold) => 4 * repeat + fold)))
    for (let row = 0; row < ROWS; row++) expect(folds[row]).toBe(folds[row - (row % 6)])
  }
  const bytes = new Uint8Array(Uint32Array.from(split.foldOfRow.flat()).buffer)
  expect(split.splitSha256).toBe(createHash('sha256').update(bytes).digest('hex'))

  // Eight folds and the final; distilled and control share one entry, and the teacher stops at no epoch.
  expect(split.setAside.map((one: { role: string }) => one.role)).toEqual(Array(9).fill('student'))
  for (const { fold, validation, unused } of split.setAside) {
    const aside = new Set([...validation, ...unused].map(patientOf))
    expect(validation.length).toBeGreaterThan(0)
    // Whole groups, and only of rows that the fold does not hold out.
    expect(validation.length + unused.length).toBe(6 * aside.size)
    if (fold === null) continue
    const heldOut = split.foldOfRow[Math.floor(fold / 4)]
    for (const row of [...validation, ...unused]) expect(heldOut[row]).not.toBe(fold)
  }

  const lines = (await splitOf(id, 'csv')).text.trimEnd().split('\n')
  expect(lines[0]).toBe('repeat,row,fold')
  expect(lines.slice(1)).toEqual(
    split.foldOfRow.flatMap((folds: number[], repeat: number) =>
      folds.map((fold, row) => `${repeat},${row},${fold}`),
    ),
  )
})

test('rows that always train have no fold', async () => {
  const id = await submit({ evaluation: { protocol: 'holdout', heldOutFraction: 0.25 } })
  const { foldOfRow, setAside } = JSON.parse((await splitOf(id)).text)
  const held = foldOfRow[0].filter((fold: number | null) => fold === 0).length
  expect(Math.abs(held - 1797 / 4)).toBeLessThan(2)
  expect(new Set(foldOfRow[0])).toEqual(new Set([0, null]))
  expect(setAside).toEqual([])
  expect((await splitOf(id, 'csv')).text).toMatch(/^0,\d+,$/m)
})

test('groups that the data cannot have are refused', async () => {
  const idx = form(
    { name: 'groupColumn', content: 'patient' },
    { name: 'images', filename: 'i', content: 'x' },
    { name: 'labels', filename: 'l', content: 'x' },
  )
  const answer = await send({ method: 'POST', url: '/v1/datasets?format=idx', ...idx })
  expect(answer.status).toBe(422)
  expect(JSON.parse(answer.text)).toMatchObject({ code: 'invalid-dataset' })
  expect((await upload('groupColumn=doctor')).status).toBe(422)
  const headers = { 'content-type': 'application/json' }
  const payload = JSON.stringify(linearJob({ evaluation: { groups: true } }))
  const job = await send({ method: 'POST', url: '/v1/jobs', headers, payload })
  expect(JSON.parse(job.text)).toMatchObject({
    status: 422,
    errors: [{ pointer: '/evaluation/groups', code: 'dataset-without-groups' }],
  })
})
