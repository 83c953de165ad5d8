/** The report as a table for people: one column an arm, one row a metric. */
import type { ArmReport } from '../domain/report/arm.ts'
import type { Summary } from '../domain/report/interval.ts'
import type { MetricName } from '../domain/report/metrics.ts'
import type { Report } from '../domain/report/report.ts'

interface Row {
  readonly name: string
  readonly show: (summary: Summary) => string
}

const plusMinus = (summary: Summary, digits: number, factor: number): string => {
  if (summary.mean === null) return '–'
  const mean = (factor * summary.mean).toFixed(digits)
  return summary.standardDeviation === null
    ? mean
    : `${mean} ± ${(factor * summary.standardDeviation).toFixed(digits)}`
}

const inPercent = (summary: Summary): string => plusMinus(summary, 2, 100)
const inNats = (summary: Summary): string => plusMinus(summary, 3, 1)

const ROWS: Readonly<Record<MetricName, Row>> = {
  accuracy: { name: 'accuracy, %', show: inPercent },
  top5Accuracy: { name: 'top-5 accuracy, %', show: inPercent },
  macroF1: { name: 'macro F1, %', show: inPercent },
  weightedF1: { name: 'weighted F1, %', show: inPercent },
  nll: { name: 'NLL, nats', show: inNats },
  brier: { name: 'Brier score', show: inNats },
  ece: { name: 'ECE (15 bins), %', show: inPercent },
  meanConfidence: { name: 'mean confidence, %', show: inPercent },
  agreement: { name: 'agrees with teacher, %', show: inPercent },
  agreementOnTeacherErrors: { name: 'agrees with its errors, %', show: inPercent },
  klFromTeacher: { name: 'KL from teacher, nats', show: inNats },
}

const count = (value: number): string => value.toLocaleString('en')
const known = (value: number | null, show: (value: number) => string): string =>
  value === null ? '–' : show(value)
const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`

function grid(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  )
  const draw = (line: readonly string[]): string =>
    line
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('   ')
      .trimEnd()
  const [head, ...rest] = lines.map(draw)
  return [head, '─'.repeat(head?.length ?? 0), ...rest].join('\n')
}

interface InnerNetwork {
  readonly name: string
  readonly metrics: ArmReport['metrics']
  readonly parameters: number | null
  /** Of a member of an ensemble. */
  readonly share: Summary | null
}

/** Members of the teacher and assistants, one row each; empty where there are none. */
function innerTable({ ensemble, chain }: Report): string {
  const networks: InnerNetwork[] = [
    ...(ensemble?.members ?? []).map(({ index, weight, ...report }) => ({
      ...report,
      name: `member ${index}`,
      share: weight,
    })),
    ...(chain ?? []).map(({ index, ...report }) => ({
      ...report,
      name: `assistant ${index}`,
      share: null,
    })),
  ]
  if (networks.length === 0) return ''
  const { accuracy, nll } = ROWS
  const lines = networks.map(({ name, metrics, parameters, share }) => [
    name,
    accuracy.show(metrics.accuracy),
    nll.show(metrics.nll),
    known(parameters, count),
    share ? plusMinus(share, 3, 1) : '',
  ])
  return `\n\n${grid([['', accuracy.name, nll.name, 'parameters', ensemble ? 'share' : ''], ...lines])}`
}

/** Without a control arm its column and the gain are left out, and metrics that no arm has. */
export function reportTable(report: Report): string {
  const { arms, gain } = report
  const columns: [string, ArmReport][] = [
    ['teacher', arms.teacher],
    ['distilled', arms.distilled],
    ...(arms.control ? [['control', arms.control] as [string, ArmReport]] : []),
  ]
  const measured = (Object.keys(ROWS) as MetricName[]).filter((metric) =>
    columns.some(([, arm]) => arm.metrics[metric].mean !== null),
  )
  const metrics = measured.map((metric) => [
    ROWS[metric].name,
    ...columns.map(([, arm]) => ROWS[metric].show(arm.metrics[metric])),
    ...(gain ? [ROWS[metric].show(gain[metric])] : []),
  ])
  const blank = gain ? [''] : []
  const table = grid([
    ['', ...columns.map(([name]) => name), ...(gain ? ['gain'] : [])],
    ...metrics,
    ['parameters', ...columns.map(([, arm]) => known(arm.parameters, count)), ...blank],
    ['weights', ...columns.map(([, arm]) => known(arm.weightBytes, kilobytes)), ...blank],
    ['FLOPs a row', ...columns.map(([, arm]) => known(arm.flops, count)), ...blank],
  ])
  return `${table}${innerTable(report)}`
}
