/** Arms against metrics, and whether the differences are luck. */
import { METRIC_NAMES } from '../domain/report/metrics.ts'
import type { Report } from '../domain/report/report.ts'
import { type Insertable, type Markup, markup } from '../markup.ts'
import {
  decimal,
  METRIC_LABELS,
  metricDifference,
  metricInterval,
  metricSummary,
  NONE,
  pValue,
} from './format.ts'
import { table } from './table.ts'

function metricTable({ arms, gain, loss, folds, final }: Report): Markup {
  const names = METRIC_NAMES.filter((name) => arms.distilled.metrics[name].mean !== null)
  const of =
    folds.length > 0 ? `mean ± standard deviation over ${folds.length} folds` : 'one measurement'
  const rows = final?.heldOutRows
  return table({
    caption: `Held-out metrics of each arm: ${of}`,
    note: `Below each number its 95 % interval where there is one. Gain: distilled minus control; loss: distilled minus teacher; both paired${folds.length > 0 ? ' by fold' : ''}, of rates in percentage points. For NLL, Brier score, ECE and KL less is better.${folds.length === 0 && rows !== undefined ? ` Measured on ${rows} rows.` : ''}`,
    head: [
      '',
      'teacher',
      'distilled',
      ...(arms.control ? ['control'] : []),
      ...(gain ? ['gain'] : []),
      'loss',
    ],
    rows: names.map((name): Insertable[] => [
      METRIC_LABELS[name],
      metricSummary(name, arms.teacher.metrics[name]),
      metricSummary(name, arms.distilled.metrics[name]),
      ...(arms.control ? [metricSummary(name, arms.control.metrics[name])] : []),
      ...(gain ? [metricSummary(name, gain[name], true)] : []),
      metricSummary(name, loss[name], true),
    ]),
  })
}

function testTable({ significance }: Report): Markup {
  const { comparisons, bootstrap, level } = significance
  return table({
    caption: 'Is it luck? Tests of accuracy',
    note: `Corrected resampled t: Nadeau and Bengio 2003, over the folds. McNemar: exact, on all held-out predictions. Holm: adjusted for all comparisons of this report. Called significant below ${level}. Bootstrap intervals: ${bootstrap.resamples} resamples by ${bootstrap.unit}, seed ${bootstrap.seed}.`,
    head: [
      '',
      'difference, pp',
      't (df)',
      'p',
      'p, Holm',
      'only first right',
      'only second right',
      'McNemar p',
      'p, Holm',
    ],
    rows: comparisons.map(({ first, second, correctedT, mcnemar }) => {
      const t = correctedT.find(({ metric }) => metric === 'accuracy')
      const interval = metricInterval('accuracy', t?.interval ?? null)
      return [
        `${first} − ${second}`,
        markup`${metricDifference('accuracy', t?.mean ?? null)}${interval === '' ? null : markup`<small>${interval}</small>`}`,
        t?.statistic == null ? NONE : `${decimal(t.statistic, 2)} (${t.degreesOfFreedom})`,
        pValue(t?.p ?? null),
        pValue(t?.pHolm ?? null),
        mcnemar.onlyFirstRight,
        mcnemar.onlySecondRight,
        pValue(mcnemar.p),
        pValue(mcnemar.pHolm),
      ]
    }),
  })
}

export const metricSection = (report: Report): Markup => markup`${metricTable(report)}
${testTable(report)}`
