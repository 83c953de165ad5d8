/** The report page in a browser, from a file and from a server: it is complete, and it is all there is. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { JobView } from '../../src/domain/task.ts'
import { drawPlot } from '../../src/plot-renderer/draw-plot.ts'
import { classDifference } from '../../src/plots/class-difference.ts'
import { confusion } from '../../src/plots/confusion.ts'
import { type DrawnPlot, reportPage } from '../../src/report-page/page.ts'
import { PLOT_NAMES, reportPlots } from '../../src/report-page/report-plots.ts'
import { RESPONSE_POLICY } from '../../src/report-page/style.ts'
import { CLASS_NAMES, sampleEpochs, sampleReport } from '../support/sample-report.ts'
import { resolved } from '../support/specs.ts'

const source = { report: sampleReport(), epochs: sampleEpochs() }
const job: JobView = {
  id: 'job_test',
  name: '<script>window.hacked = true</script>',
  status: 'succeeded',
  spec: {},
  resolved: resolved(),
  failure: null,
  createdAt: new Date(0),
  startedAt: new Date(0),
  finishedAt: new Date(1000),
  tasks: [],
  jobsAhead: null,
  models: [],
}

async function drawn(): Promise<DrawnPlot[]> {
  const dark = reportPlots(source, 'dark')
  const plots: DrawnPlot[] = []
  for (const [index, plot] of reportPlots(source, 'light').entries()) {
    const other = dark[index]
    if (!other) throw new Error('both themes have the same plots')
    const { name, description } = plot
    const [light, night] = [(await drawPlot(plot)).svg, (await drawPlot(other)).svg]
    plots.push({ name, description, light, dark: night })
  }
  return plots
}

let browser: Browser
let folder: string
let server: Server
let addresses: Record<'file' | 'server', string>
beforeAll(async () => {
  const html = reportPage({ report: source.report, job, manifest: null, plots: await drawn() })
  folder = mkdtempSync(path.join(tmpdir(), 'report-'))
  const file = path.join(folder, 'report.html')
  writeFileSync(file, html)
  server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.setHeader('content-security-policy', RESPONSE_POLICY)
    response.end(html)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  addresses = { file: pathToFileURL(file).href, server: `http://127.0.0.1:${port}/` }
  browser = await chromium.launch({
    executablePath: inject('chromium'),
    args: ['--no-sandbox', '--disable-gpu'],
  })
})
afterAll(async () => {
  await browser?.close()
  server?.close()
  rmSync(folder, { recursive: true })
})

/** Opens the page and keeps what it asked for and what went wrong. */
async function open(url: string, colorScheme: 'light' | 'dark', width = 1100) {
  const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } })
  const requests: string[] = []
  const complaints: string[] = []
  page.on('request', (request) => requests.push(request.url()))
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('dialog', (dialog) => complaints.push(`dialog: ${dialog.message()}`))
  await page.goto(url, { waitUntil: 'networkidle' })
  await page.evaluate('Promise.all([...document.images].map((image) => image.decode()))')
  return { page, requests, complaints }
}

const evaluate = <Value>(page: Page, expression: string): Promise<Value> =>
  page.evaluate(expression) as Promise<Value>

describe.each(['file', 'server'] as const)('from a %s', (from) => {
  test.each(['light', 'dark'] as const)(
    'asks for nothing but itself, and shows every plot: %s',
    async (theme) => {
      const { page, requests, complaints } = await open(addresses[from], theme)
      expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([addresses[from]])
      expect(complaints).toEqual([])
      const images = await evaluate<{ width: number; isDark: boolean }[]>(
        page,
        `[...document.images].map((image) => ({
        width: image.naturalWidth,
        isDark: image.currentSrc === image.parentElement.querySelector('source').srcset,
      }))`,
      )
      expect(images).toHaveLength(PLOT_NAMES.length)
      for (const { width, isDark } of images) {
        expect(width).toBeGreaterThan(200)
        expect(isDark).toBe(theme === 'dark')
      }
      expect(await evaluate(page, 'getComputedStyle(document.body).backgroundColor')).toBe(
        theme === 'dark' ? 'rgb(21, 24, 28)' : 'rgb(255, 255, 255)',
      )
      await page.close()
    },
  )

  test('what names say is text, and no script runs, whoever puts one there', async () => {
    const { page } = await open(addresses[from], 'light')
    const text = await evaluate<string>(page, 'document.body.textContent')
    for (const name of [...CLASS_NAMES, source.report.dataset.name, job.name ?? ''])
      expect(text).toContain(name)
    expect(await evaluate(page, `document.querySelectorAll('script, b, [onerror]').length`)).toBe(0)
    await evaluate(
      page,
      `{ const script = document.createElement('script'); script.textContent = 'window.hacked = true'; document.body.append(script) }`,
    )
    expect(await evaluate(page, 'window.hacked ?? false')).toBe(false)
    await page.close()
  })
})

test('on paper it is light, whatever the screen is', async () => {
  const { page } = await open(addresses.file, 'dark')
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
  expect(await evaluate(page, 'getComputedStyle(document.body).backgroundColor')).toBe(
    'rgb(255, 255, 255)',
  )
  await page.close()
})

test.each([1100, 390])('is no wider than a window of %i pixels', async (width) => {
  const { page } = await open(addresses.file, 'light', width)
  expect(await evaluate(page, 'document.documentElement.scrollWidth')).toBe(width)
  await page.close()
})

test('has what readers without eyes need', async () => {
  const { page } = await open(addresses.file, 'light')
  const found = await evaluate<Record<string, unknown>>(
    page,
    `({
      language: document.documentElement.lang,
      headings: document.querySelectorAll('h1').length,
      main: document.querySelectorAll('main').length,
      speechless: [...document.images].filter((image) => image.alt.length < 40).length,
      tables: [...document.querySelectorAll('table')].filter((table) => !table.caption).length,
      heads: [...document.querySelectorAll('th')].filter((head) => !head.scope).length,
      nameless: [...document.querySelectorAll('[aria-labelledby]')].filter((one) => !document.getElementById(one.getAttribute('aria-labelledby'))).length,
      twins: [...document.querySelectorAll('[id]')].length - new Set([...document.querySelectorAll('[id]')].map((one) => one.id)).size,
    })`,
  )
  expect(found).toEqual({
    language: 'en',
    headings: 1,
    main: 1,
    speechless: 0,
    tables: 0,
    heads: 0,
    nameless: 0,
    twins: 0,
  })
  await page.close()
})

test('plots are well-formed XML, whatever classes are called', async () => {
  const names = [
    '<script>',
    '\'&quot;"',
    'bell \u0007',
    'half \ud800',
    ']]>',
    '\uffff',
    '-->',
    'é 漢 🙂',
  ]
  const counts = names.map(() => names.map(() => 2))
  const classes = names.map((name, index) => ({ name, difference: 0.01 * index, interval: null }))
  const { page } = await open('about:blank', 'light')
  for (const plot of [
    confusion({ classNames: names, counts }, 'light'),
    classDifference({ metric: 'F1', level: 0.95, classes }, 'light'),
  ]) {
    const { svg } = await drawPlot(plot)
    const parsed = await evaluate<{ root: string; title: string; texts: string[] }>(
      page,
      `(() => {
        const { documentElement: root } = new DOMParser().parseFromString(${JSON.stringify(svg)}, 'image/svg+xml')
        return {
          root: root.nodeName,
          title: root.querySelector('title')?.textContent,
          texts: [...root.querySelectorAll('text')].map((text) => text.textContent),
        }
      })()`,
    )
    expect(parsed.root).toBe('svg')
    expect(parsed.title).toBe(plot.title)
    expect(parsed.texts).toEqual(
      expect.arrayContaining(['<script>', '\'&quot;"', 'half \ufffd', 'é 漢 🙂']),
    )
  }
  await page.close()
})
