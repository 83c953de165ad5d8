/** Fold by fold, and the delivered networks where they were measured. */
import type { Measurement, Report } from '../domain/report/report.ts'
import type { Markup } from '../markup.ts'
import { count, metricDifference, metricValue } from './format.ts'
import { table } from './table.ts'

function cells({ trainingRows, heldOutRows, teacher, distilled, control }: Measurement): string[] {
  const gain =
    control === null || control.accuracy === null || distilled.accuracy === null
      ? null
      : distilled.accuracy - control.accuracy
  return [
    count(trainingRows),
    count(heldOutRows),
    metricValue('accuracy', teacher.accuracy),
    metricValue('accuracy', distilled.accuracy),
    metricValue('accuracy', control?.accuracy ?? null),
    metricDifference('accuracy', gain),
    metricValue('nll', distilled.nll),
    metricValue('nll', control?.nll ?? null),
  ]
}

export function foldTable({ folds, final, evaluation }: Report): Markup | null {
  if (folds.length === 0 && final === null) return null
  const named = evaluation.protocol === 'holdout' ? 'held-out part' : 'test set'
  return table({
    caption: 'Each measured part',
    ...(final === null ? {} : { note: `${named}: the delivered networks.` }),
    head: [
      '',
      'training rows',
      'held-out rows',
      'accuracy teacher, %',
      'distilled, %',
      'control, %',
      'gain, pp',
      'NLL distilled',
      'NLL control',
    ],
    rows: [
      ...folds.map((fold) => [`fold ${fold.fold}`, ...cells(fold)]),
      ...(final === null ? [] : [[named, ...cells(final)]]),
    ],
  })
}
