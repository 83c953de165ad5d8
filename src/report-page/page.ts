/** The report as one HTML page: nothing is loaded and nothing runs, so it can be kept as a file. */
import type { Report } from '../domain/report/report.ts'
import type { JobView } from '../domain/task.ts'
import { Markup, markup } from '../markup.ts'
import { classTable } from './class-table.ts'
import { convergenceSection } from './convergence-section.ts'
import { costTable } from './cost-table.ts'
import { foldTable } from './fold-table.ts'
import { count } from './format.ts'
import { metricSection } from './metric-section.ts'
import { receiptSection, type StudentManifest } from './receipt-section.ts'
import type { PlotName } from './report-plots.ts'
import { PAGE_POLICY, STYLE } from './style.ts'
import { teacherSection } from './teacher-section.ts'
import { verdictSection } from './verdict-section.ts'

/** A plot in both themes, as SVG documents. */
export interface DrawnPlot {
  readonly name: PlotName
  readonly description: string
  readonly light: string
  readonly dark: string
}

export interface PageContent {
  readonly report: Report
  readonly job: JobView
  readonly manifest: StudentManifest | null
  readonly plots: readonly DrawnPlot[]
}

const dataUri = (svg: string): string =>
  `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`

/** As images, so that no id or style of one drawing meets another's. Paper is light. */
const figure = ({ name, description, light, dark }: DrawnPlot): Markup => markup`
<figure id="plot-${name}">
<picture>
<source media="screen and (prefers-color-scheme: dark)" srcset="${dataUri(dark)}">
<img src="${dataUri(light)}" alt="${description}">
</picture>
<figcaption>${description}</figcaption>
</figure>`

export function reportPage({ report, job, manifest, plots }: PageContent): string {
  const { dataset, convergence } = report
  const title = `${job.name ?? dataset.name}: distillation report`
  const drawn = (...names: readonly PlotName[]): Markup[] =>
    plots.filter(({ name }) => names.includes(name)).map(figure)
  const section = (id: string, heading: string, ...parts: (Markup | null | Markup[])[]): Markup =>
    markup`
<section aria-labelledby="${id}">
<h2 id="${id}">${heading}</h2>
${parts}
</section>`
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${PAGE_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${new Markup(STYLE)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p class="about">Dataset ${dataset.name}: ${count(dataset.rows)} rows, ${count(dataset.classNames.length)} classes. Job <code>${job.id}</code>.</p>
</header>
<main>
${verdictSection(report)}
${section('metrics', 'What was lost, what was gained', metricSection(report), drawn('fold-accuracy'), foldTable(report))}
${section('classes', 'Classes', drawn('class-difference'), classTable(report), drawn('confusion'))}
${section('learning', 'Learning', drawn('learning-curves'), convergence && convergenceSection(convergence))}
${section('calibration', 'Calibration', drawn('reliability'))}
${section('cost', 'Cost', costTable(report, job.tasks), drawn('pareto'))}
${section('teacher', 'The teacher', teacherSection(report.teacherFit))}
${section('receipt', 'Receipt', receiptSection(report, job, manifest))}
</main>
</body>
</html>
`.text
}
