import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { byMetric } from '../../../src/domain/report/metrics.ts'
import type { Report } from '../../../src/domain/report/report.ts'
import type { JobView } from '../../../src/domain/task.ts'
import { type PageContent, reportPage } from '../../../src/report-page/page.ts'
import { reportPlots } from '../../../src/report-page/report-plots.ts'
import { RESPONSE_POLICY } from '../../../src/report-page/style.ts'
import { CLASS_NAMES, sampleEpochs, sampleReport } from '../../support/sample-report.ts'
import { resolved } from '../../support/specs.ts'
import { unescaped } from '../plots/drawing.ts'

const task = (arm: 'teacher' | 'distilled', trainSeconds: number, reusedFrom: unknown) => ({
  id: `${arm} ${trainSeconds}`,
  key: `${arm}/final`,
  kind: 'train' as const,
  arm,
  fold: null,
  status: 'succeeded' as const,
  attempt: 1,
  workerId: null,
  progress: null,
  result: { trainSeconds, reusedFrom },
  failure: null,
  startedAt: null,
  finishedAt: null,
})

const job: JobView = {
  id: 'job_test',
  name: '</title><b>name',
  status: 'succeeded',
  spec: {},
  resolved: resolved(),
  failure: null,
  createdAt: new Date(0),
  startedAt: new Date(0),
  finishedAt: new Date(1000),
  tasks: [
    task('distilled', 1.25, null),
    task('distilled', 2.5, null),
    task('teacher', 99, { jobId: 'job_earlier', task: 'teacher/final' }),
  ],
  jobsAhead: null,
  models: [],
}

const page = (report: Report = sampleReport(), changes: Partial<PageContent> = {}): string =>
  reportPage({
    report,
    job,
    manifest: { safetensorsSha256: 'e'.repeat(64), versions: { tensorflow: '2.21.0' } },
    plots: reportPlots({ report, epochs: sampleEpochs() }, 'light').map(
      ({ name, description }) => ({
        name,
        description,
        light: '<svg>light</svg>',
        dark: '<svg>dark</svg>',
      }),
    ),
    ...changes,
  })

/** Texts of the cells of the row with this name. */
function cells(html: string, caption: string, name: string): string[] {
  const at = html.indexOf(caption, html.indexOf('<caption>'))
  const [, row = ''] =
    new RegExp(`<th scope="row">${name}</th>(.*?)</tr>`, 's').exec(html.slice(at)) ?? []
  return [...row.matchAll(/<td>(.*?)<\/td>/gs)].map(([, cell = '']) =>
    unescaped(cell.replaceAll(/<[^>]+>/g, ' ')),
  )
}

test('the verdict comes first, then stamps and warnings, then numbers', () => {
  const html = page()
  const places = [
    'The distilled student is better than the control.',
    'The teacher may have seen held-out rows.',
    '+5.40 pp',
    'small-class',
    '<table>',
  ].map((text) => html.indexOf(text))
  expect(places).not.toContain(-1)
  expect(places).toEqual(places.toSorted((a, b) => a - b))
})

test('numbers are those of the report, rates in percent and differences with a sign', () => {
  const html = page()
  expect(cells(html, 'Held-out metrics', 'accuracy, %')).toEqual([
    '98.00 ± 1.00 96.00 to 100.00 ',
    '95.00 ± 1.00 93.00 to 97.00 ',
    '89.60 ± 1.00 87.60 to 91.60 ',
    '+5.40 ± 1.00 3.40 to 7.40 ',
    '−3.00 ± 1.00 −5.00 to −1.00 ',
  ])
  expect(cells(html, 'Held-out metrics', 'NLL, nats')[3]).toBe(
    '−0.0540 ± 0.0100 −0.0740 to −0.0340 ',
  )
  expect(cells(html, 'Is it luck', 'distilled − control')).toEqual([
    '+5.40 3.40 to 7.40 ',
    '8.10 (4)',
    '0.0013',
    '0.0026',
    '25',
    '9',
    '0.0090',
    '0.018',
  ])
  expect(cells(html, 'Each class', 'dog &amp; &quot;co&quot;').at(-1)).toBe('+2.00 −1.00 to 5.00 ')
  expect(cells(html, 'Each measured part', 'fold 2')).toEqual([
    '240',
    '60',
    '98.40',
    '95.40',
    '91.40',
    '+4.00',
    '0.0500',
    '0.1040',
  ])
  expect(cells(html, 'What each network costs', 'weights as float32')).toEqual([
    '99.7 kB',
    '4.8 kB',
    '4.8 kB',
  ])
})

test('training time is that of this job: a teacher that was taken over took none', () => {
  expect(cells(page(), 'What each network costs', 'training time')).toEqual([
    '–',
    '3.75 s (2 trainings)',
    '–',
  ])
})

test('metrics that do not apply are left out', () => {
  expect(page()).not.toContain('top-5 accuracy')
})

test('there is no script, no address of anything else, and one style that the policy knows', () => {
  const html = page()
  // A `>` in an attribute is escaped, so these are the tags, whole.
  const tags = html.match(/<[^>]+>/g) ?? []
  for (const tag of tags) expect(tag).not.toMatch(/^<script|javascript:|\son\w+=|\sstyle=/i)
  const addresses = [...html.matchAll(/\s(?:src|srcset|href)="([^"]*)"/g)].map(
    ([, url = '']) => url,
  )
  expect(addresses.length).toBeGreaterThan(5)
  for (const url of addresses) expect(url).toMatch(/^data:/)
  const styles = [...html.matchAll(/<style>(.*?)<\/style>/gs)].map(([, text = '']) => text)
  expect(styles).toHaveLength(1)
  expect(styles[0]).not.toMatch(/url\(|@import/)
  const sha256 = createHash('sha256')
    .update(styles[0] ?? '')
    .digest('base64')
  for (const policy of [RESPONSE_POLICY, unescaped(html)])
    expect(policy).toContain(`default-src 'none'; style-src 'sha256-${sha256}'; img-src data:`)
})

test('names of jobs, datasets and classes are text', () => {
  const html = page()
  expect(html).not.toContain('<b>')
  expect(html).not.toContain('<img src=x')
  expect(html).toContain('<title>&lt;/title&gt;&lt;b&gt;name: distillation report</title>')
  for (const name of CLASS_NAMES) expect(unescaped(html)).toContain(name)
})

test('every plot has both themes and says in words what it shows', () => {
  const html = page()
  const figures = [...html.matchAll(/<figure id="plot-([a-z-]+)">(.*?)<\/figure>/gs)]
  expect(figures.map(([, name]) => name)).toEqual([
    'fold-accuracy',
    'class-difference',
    'confusion',
    'learning-curves',
    'reliability',
    'pareto',
  ])
  for (const [, , figure = ''] of figures) {
    expect(figure).toContain(Buffer.from('<svg>light</svg>').toString('base64'))
    expect(figure).toContain(Buffer.from('<svg>dark</svg>').toString('base64'))
    expect(/alt="([^"]{40,})"/.exec(figure)).not.toBeNull()
  }
})

test('without a control nothing is said of a gain', () => {
  const { arms, verdict, pooled, folds, significance } = sampleReport()
  const html = page(
    sampleReport({
      verdict: {
        ...verdict,
        outcome: 'no-control',
        gain: null,
        gainInterval: null,
        gapClosed: null,
        p: null,
        test: null,
      },
      arms: { ...arms, control: null },
      gain: null,
      pooled: {
        final: null,
        folds: pooled.folds && {
          ...pooled.folds,
          gain: null,
          arms: { ...pooled.folds.arms, control: null },
        },
      },
      folds: folds.map((fold) => ({ ...fold, control: null })),
      significance: { ...significance, comparisons: significance.comparisons.slice(1) },
    }),
  )
  expect(html).toContain('no test applies')
  expect(cells(html, 'Held-out metrics', 'accuracy, %')).toHaveLength(3)
  expect(cells(html, 'Each class', 'dog &amp; &quot;co&quot;')).toHaveLength(6)
  expect(html).not.toContain('plot-class-difference')
})

test('without folds the delivered networks are shown', () => {
  const { folds, pooled, evaluation } = sampleReport()
  const [first] = folds
  if (!first) throw new Error('the sample has folds')
  const { fold: _, ...final } = first
  const html = page(
    sampleReport({
      evaluation: { ...evaluation, protocol: 'holdout', folds: 0 },
      folds: [],
      final,
      pooled: { folds: null, final: pooled.folds },
    }),
  )
  expect(html).toContain('one measurement')
  expect(html).toContain('Measured on 60 rows.')
  expect(cells(html, 'Each measured part', 'held-out part')[3]).toBe('95.00')
  expect(html).not.toContain('plot-fold-accuracy')
  expect(html).toContain('plot-confusion')
})

test('a target that was never reached is shown as more than what was tried', () => {
  const reached = { target: 0.9, epochs: 4, steps: 40, seconds: 0.5, beyondEpochs: null }
  const never = { target: 0.9, epochs: null, steps: null, seconds: null, beyondEpochs: 20 }
  const arm = { curve: [], ofOwnFinal: [{ fraction: 0.95, reached }], meanAccuracy: 0.8 }
  const html = page(
    sampleReport({
      convergence: {
        arms: {
          distilled: { ...arm, ofControlFinal: reached },
          control: { ...arm, ofControlFinal: never },
        },
        teacherSeconds: 3,
        speedUp: { epochs: null, steps: null, seconds: null, secondsWithTeacher: null },
      },
    }),
  )
  expect(
    cells(html, 'Speed of convergence', 'epochs to the control&#39;s final accuracy, 90.00 %'),
  ).toEqual(['4 0.50 s ', '>20', '–'])
})

test('many classes are shown as far as they differ', () => {
  const { dataset, pooled } = sampleReport()
  const classNames = Array.from({ length: 300 }, (_, index) => `class ${index}`)
  const all = pooled.folds
  const [measured] = all?.arms.distilled.perClass ?? []
  const [differing] = all?.gain?.perClass ?? []
  if (!all?.gain || !measured || !differing) throw new Error('the sample has classes')
  const perClass = classNames.map((_, index) => ({ ...measured, class: index }))
  const differences = classNames.map((_, index) => ({
    ...differing,
    class: index,
    f1: { value: 0.001 * index, interval: null },
  }))
  const arm = { ...all.arms.distilled, perClass, confusion: { counts: null, mostConfused: [] } }
  const html = page(
    sampleReport({
      dataset: { ...dataset, classNames },
      pooled: {
        final: null,
        folds: {
          ...all,
          arms: { teacher: arm, distilled: arm, control: arm },
          gain: { ...all.gain, perClass: differences },
        },
      },
    }),
  )
  expect(html).toContain('the 100 of 300 classes that differ most')
  expect(html).toContain('<th scope="row">class 200</th>')
  expect(html).not.toContain('<th scope="row">class 199</th>')
  expect(html).not.toContain('plot-confusion')
})

test('a report of nothing but nulls is a page all the same', () => {
  const { arms, teacherFit } = sampleReport()
  const nothing = { mean: null, standardDeviation: null, n: 0, interval: null }
  const arm = {
    ...arms.distilled,
    parameters: null,
    weightBytes: null,
    flops: null,
    latency: null,
    metrics: byMetric(() => nothing),
  }
  const html = page(
    sampleReport({
      arms: { teacher: arm, distilled: arm, control: arm },
      pooled: { folds: null, final: null },
      folds: [],
      teacherFit: { ...teacherFit, training: null, softLabels: [], shift: null },
    }),
    { manifest: null },
  )
  expect(html).not.toMatch(/NaN|undefined|\[object/)
})
