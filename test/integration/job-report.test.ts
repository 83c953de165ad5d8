/** The report over HTTP, for a job whose report is in the database. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PLOT_NAMES } from '../../src/report-page/report-plots.ts'
import { type Api, createApi } from '../support/api.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { sampleEpochs, sampleReport } from '../support/sample-report.ts'
import { foldedJob } from '../support/small-jobs.ts'

let db: TestDatabase
let api: Api
/** Its report is there. */
let done: string
let waiting: string
beforeAll(async () => {
  db = await createTestDatabase()
  api = await createApi(db)
  done = await submit()
  waiting = await submit()
  const tasks = await db.database.task.findMany({ where: { jobId: done } })
  const taskIds = new Map(tasks.map(({ key, id }) => [key, id]))
  await db.database.epochMetric.createMany({
    data: sampleEpochs(3).map(({ task, attempt, values }) => ({
      taskId: taskIds.get(task) ?? '',
      attempt,
      epoch: (values as { epoch: number }).epoch,
      values: values as object,
    })),
  })
  await db.database.job.update({
    where: { id: done },
    data: { status: 'succeeded', report: sampleReport() as object, finishedAt: new Date() },
  })
})
afterAll(async () => {
  await api.close()
  await db.drop()
})

async function submit(): Promise<string> {
  const response = await api.inject({ method: 'POST', url: '/v1/jobs', payload: foldedJob() })
  expect(response.statusCode).toBe(202)
  return response.json().id
}

const get = (url: string, accept?: string) =>
  api.inject({ url: `/v1/jobs/${url}`, headers: accept === undefined ? {} : { accept } })

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'

test('is JSON, unless HTML is asked for by name or preferred', async () => {
  for (const [query, accept] of [
    ['', undefined],
    ['', '*/*'],
    ['?format=json', BROWSER],
  ] as const) {
    const response = await get(`${done}/report${query}`, accept)
    expect(response.headers['content-type']).toContain('application/json')
    expect(response.json()).toEqual(sampleReport())
    expect(response.headers.vary).toBe('accept')
  }
  for (const [query, accept] of [
    ['', BROWSER],
    ['?format=html', undefined],
  ] as const) {
    const { statusCode, headers, body } = await get(`${done}/report${query}`, accept)
    expect(statusCode).toBe(200)
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-/)
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(body).toMatch(/^<!doctype html>/)
    expect(body.match(/<figure /g)).toHaveLength(PLOT_NAMES.length)
    expect(body).toContain(sampleReport().verdict.sentence)
  }
  expect((await get(`${done}/report?format=pdf`)).json().code).toBe('invalid-request')
})

test('its plots are listed, and each is an SVG in both themes and a specification', async () => {
  const { data } = (await get(`${done}/report/plots`)).json()
  expect(data.map(({ name }: { name: string }) => name)).toEqual(PLOT_NAMES)
  for (const { title, links } of data) {
    const [light, dark] = await Promise.all(
      ['', '?theme=dark'].map((query) => api.inject({ url: `${links.svg}${query}` })),
    )
    expect(light?.headers['content-type']).toMatch(/^image\/svg\+xml/)
    expect(light?.headers['content-security-policy']).toBe("default-src 'none'")
    expect(light?.body).toMatch(/^<svg .*<\/svg>$/s)
    expect(light?.body).toContain(`>${title}</title>`)
    expect(light?.body).toContain('fill="#ffffff"')
    expect(dark?.body).not.toContain('fill="#ffffff"')
    expect((await api.inject({ url: links.svg })).body).toBe(light?.body)
    const specification = await api.inject({ url: `${links.vegaLite}?theme=dark` })
    expect(specification.json().$schema).toContain('vega-lite')
  }
})

describe('what is not there', () => {
  const ALL = [
    'report',
    'report?format=html',
    'report/plots',
    'report/plots/confusion.svg',
    'report/plots/confusion.json',
  ]

  test.each(ALL)('%s of an unknown job is 404', async (url) => {
    const response = await get(`job_nowhere/${url}`)
    expect([response.statusCode, response.json().code]).toEqual([404, 'job-not-found'])
  })

  test.each(ALL)('%s of a job that waits is 409, and may come', async (url) => {
    const response = await get(`${waiting}/${url}`)
    expect([response.statusCode, response.json().code]).toEqual([409, 'not-ready'])
    expect(response.headers['retry-after']).toBe('2')
    expect(response.headers['content-type']).toContain('application/problem+json')
  })

  test.each(ALL)('%s of a job that was cancelled is 409, and will not come', async (url) => {
    const id = await submit()
    await api.inject({ method: 'POST', url: `/v1/jobs/${id}/cancel` })
    const response = await get(`${id}/${url}`)
    expect([response.statusCode, response.json().code]).toEqual([409, 'never-ready'])
  })

  test('a plot of another name is 404 and names those that there are', async () => {
    const response = await get(`${done}/report/plots/loss.svg`)
    expect([response.statusCode, response.json().code]).toEqual([404, 'plot-not-found'])
    expect(response.json().detail).toContain('learning-curves, fold-accuracy')
    expect((await get(`${done}/report/plots/confusion.png`)).json().code).toBe('route-not-found')
    expect((await get(`${done}/report/plots/confusion.svg?theme=pink`)).statusCode).toBe(400)
  })
})
