/** What a reader should know first: the answer, what it rests on, and what to doubt. */
import type { Report } from '../domain/report/report.ts'
import { type Insertable, type Markup, markup } from '../markup.ts'
import { metricDifference, metricInterval, NONE, pValue } from './format.ts'

const TESTS = {
  'corrected-resampled-t': 'corrected resampled t-test over the folds',
  'exact-mcnemar': "exact McNemar's test",
} as const

const fact = (name: string, value: Insertable, more: Insertable): Markup =>
  markup`<div><dt>${name}</dt><dd>${value}<small>${more}</small></dd></div>`

const inPoints = (value: number | null): string =>
  value === null ? NONE : `${metricDifference('accuracy', value)} pp`

function facts({ verdict }: Report): Markup {
  const { gain, gainInterval, loss, lossInterval, gapClosed, test, p } = verdict
  const between = (interval: typeof gainInterval): string =>
    interval === null ? 'no interval' : `95 % interval ${metricInterval('accuracy', interval)}`
  return markup`<dl class="facts">
${fact('Gained against the control', inPoints(gain), between(gainInterval))}
${fact('Lost against the teacher', inPoints(loss), between(lossInterval))}
${fact('Share of the gap closed', gapClosed === null ? NONE : `${(100 * gapClosed).toFixed(0)} %`, 'gain / (teacher − control)')}
${fact('p', pValue(p), test === null ? 'no test applies' : TESTS[test])}
</dl>
<p class="note">Differences are in accuracy, in percentage points (pp).</p>`
}

export function verdictSection(report: Report): Markup {
  const { verdict, stamps, warnings } = report
  return markup`<section aria-labelledby="verdict">
<h2 id="verdict">Verdict</h2>
<p class="verdict">${verdict.sentence}</p>
${stamps.map(
  (stamp) => markup`<p class="stamp"><strong>Before any number:</strong> ${stamp}</p>
`,
)}${facts(report)}
${
  warnings.length === 0
    ? markup`<p>No warnings.</p>`
    : markup`<h3>Warnings</h3>
<ul class="warnings">
${warnings.map(
  ({ code, message }) => markup`<li><code>${code}</code> ${message}</li>
`,
)}</ul>`
}
</section>`
}
