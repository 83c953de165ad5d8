/** What each network costs to keep, to run and to make. */
import type { ArmReport } from '../domain/report/arm.ts'
import type { Report } from '../domain/report/report.ts'
import type { TaskView } from '../domain/task.ts'
import { COMPARED_ARMS, type ComparedArm } from '../domain/words.ts'
import type { Markup } from '../markup.ts'
import { bytes, count, milliseconds, NONE, seconds } from './format.ts'
import { table } from './table.ts'

interface Training {
  readonly seconds: number
  readonly runs: number
}

/** Of all trainings of an arm in this job, and only of these: work of earlier jobs that was taken over cost nothing here. */
function trainingOf(tasks: readonly TaskView[], arm: ComparedArm): Training {
  const own = tasks.filter(
    (task) => task.arm === arm && task.kind === 'train' && task.result && !task.result.reusedFrom,
  )
  const total = own.reduce((sum, { result }) => {
    const value = result?.trainSeconds
    return typeof value === 'number' ? sum + value : sum
  }, 0)
  return { seconds: total, runs: own.length }
}

function latency(arm: ArmReport, batch: 'batch1' | 'batch64'): string {
  const measured = arm.latency?.[batch]
  if (!measured) return NONE
  return `${milliseconds(measured.p50Ms)} / ${milliseconds(measured.p95Ms)}`
}

function shareOf(part: number | null, whole: number | null): string {
  if (part === null || whole === null || whole === 0) return NONE
  return `${((100 * part) / whole).toPrecision(3)} %`
}

export function costTable({ arms }: Report, tasks: readonly TaskView[]): Markup {
  const present = COMPARED_ARMS.flatMap((arm) => (arms[arm] ? [{ arm, report: arms[arm] }] : []))
  const row = (name: string, show: (report: ArmReport, arm: ComparedArm) => string): string[] => [
    name,
    ...present.map(({ arm, report }) => show(report, arm)),
  ]
  const measured = present.some(({ report }) => report.latency !== null)
  return table({
    caption: 'What each network costs',
    note: `Training time is that of the training loops in this job, all folds together${measured ? '; latency is that of one forward pass, median / 95th percentile, measured the same way for every arm' : ''}. FLOPs are those of one row, forward.`,
    head: ['', ...present.map(({ arm }) => arm)],
    rows: [
      row('parameters', (report) => count(report.parameters)),
      row('parameters, of the teacher', (report) =>
        shareOf(report.parameters, arms.teacher.parameters),
      ),
      row('weights as float32', (report) => bytes(report.weightBytes)),
      row('FLOPs', (report) => count(report.flops)),
      ...(measured
        ? [
            row('latency, 1 row', (report) => latency(report, 'batch1')),
            row('latency, 64 rows', (report) => latency(report, 'batch64')),
          ]
        : []),
      row('training time', (_, arm) => {
        const { seconds: total, runs } = trainingOf(tasks, arm)
        return runs === 0 ? NONE : `${seconds(total)} (${runs} trainings)`
      }),
    ],
  })
}
