/** Class by class. */
import type { Report } from '../domain/report/report.ts'
import type { Markup } from '../markup.ts'
import { markup } from '../markup.ts'
import { count, metricDifference, metricInterval, metricValue } from './format.ts'
import { pooledOf } from './report-plots.ts'
import { table } from './table.ts'

/** Of more classes those that differ most are shown; the JSON report has all. */
const MOST_CLASSES = 100

export function classTable(report: Report): Markup | null {
  const pooled = pooledOf(report)
  if (!pooled) return null
  const { arms, gain, loss } = pooled
  const compared = gain ?? loss
  const rows = arms.distilled.perClass.map((distilled, index) => ({
    distilled,
    teacher: arms.teacher.perClass[index],
    control: arms.control?.perClass[index],
    difference: compared.perClass[index]?.f1,
  }))
  const shown =
    rows.length <= MOST_CLASSES
      ? rows
      : [...rows]
          .sort((a, b) => Math.abs(b.difference?.value ?? 0) - Math.abs(a.difference?.value ?? 0))
          .slice(0, MOST_CLASSES)
  const against = gain ? 'control' : 'teacher'
  const rate = (value: number | undefined) => metricValue('macroF1', value ?? null)
  return table({
    caption: `Each class, over ${count(pooled.predictions)} held-out predictions${shown.length < rows.length ? ` (the ${shown.length} of ${rows.length} classes that differ most)` : ''}`,
    note: `Precision and recall are the distilled student's. Difference: F1 of distilled minus ${against}, in percentage points, with its bootstrap interval for this class alone.`,
    head: [
      'class',
      'rows',
      'precision, %',
      'recall, %',
      'F1 distilled, %',
      ...(arms.control ? ['F1 control, %'] : []),
      'F1 teacher, %',
      `distilled − ${against}, pp`,
    ],
    rows: shown.map(({ distilled, teacher, control, difference }) => {
      const interval = metricInterval('macroF1', difference?.interval ?? null)
      return [
        report.dataset.classNames[distilled.class] ?? '',
        count(distilled.support),
        rate(distilled.precision),
        rate(distilled.recall),
        rate(distilled.f1),
        ...(arms.control ? [rate(control?.f1)] : []),
        rate(teacher?.f1),
        markup`${metricDifference('macroF1', difference?.value ?? null)}${interval === '' ? null : markup`<small>${interval}</small>`}`,
      ]
    }),
  })
}
