/** What the teacher knew, and what its answers had to tell. */
import type { TeacherFit } from '../domain/report/teacher-fit.ts'
import { type Markup, markup } from '../markup.ts'
import { count, decimal, metricValue, NONE } from './format.ts'
import { table } from './table.ts'

function answersTable({ training, heldOut, shift }: TeacherFit): Markup {
  return table({
    caption: 'The teacher on rows it was trained on, and on rows it never saw',
    ...(training === null
      ? { note: 'The teacher was given: the rows it was trained on are not known here.' }
      : {}),
    head: ['', 'trained on', 'held out', 'difference'],
    rows: [
      ['answers', count(training?.rows ?? null), count(heldOut.rows), ''],
      [
        'accuracy, %',
        metricValue('accuracy', training?.accuracy ?? null),
        metricValue('accuracy', heldOut.accuracy),
        '',
      ],
      [
        'mean confidence, %',
        metricValue('meanConfidence', training?.meanConfidence ?? null),
        metricValue('meanConfidence', heldOut.meanConfidence),
        '',
      ],
      [
        'NLL, nats',
        metricValue('nll', training?.nll ?? null),
        metricValue('nll', heldOut.nll),
        shift === null ? NONE : decimal(shift, 4),
      ],
    ],
  })
}

export const teacherSection = (fit: TeacherFit): Markup => markup`${answersTable(fit)}
${
  fit.softLabels.length === 0
    ? null
    : table({
        caption: 'Soft labels that the student learned from',
        note: 'A largest share near 100 % is next to a hard label: there is little in it that a label does not say.',
        head: ['method', 'temperature', 'mean of the largest, %', 'mean entropy, nats'],
        rows: fit.softLabels.map(({ method, temperature, meanLargest, meanEntropy }) => [
          method,
          String(temperature),
          metricValue('accuracy', meanLargest),
          decimal(meanEntropy, 4),
        ]),
      })
}`
