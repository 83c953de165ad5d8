/** The report as a table for people: one column an arm, one row a metric. */
import type { ArmReport, MetricName, Report, Summary } from '../domain/report.ts'

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

const ROWS: Readonly<Record<MetricName, Row>> = {
  accuracy: { name: 'accuracy, %', show: (summary) => plusMinus(summary, 2, 100) },
  macroF1: { name: 'macro F1, %', show: (summary) => plusMinus(summary, 2, 100) },
  nll: { name: 'NLL, nats', show: (summary) => plusMinus(summary, 3, 1) },
  agreement: { name: 'agrees with teacher, %', show: (summary) => plusMinus(summary, 2, 100) },
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
  const [head, ...rest] = lines.map(draw)
  return [head, '─'.repeat(head?.length ?? 0), ...rest].join('\n')
}

interface InnerNetwork extends Omit<ArmReport, 'latency'> {
  readonly name: string
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

/** Without a control arm its column and the gain are left out. */
export function reportTable(report: Report): string {
  const { arms, gain } = report
  const columns: [string, ArmReport][] = [
    ['teacher', arms.teacher],
    ['distilled', arms.distilled],
    ...(arms.control ? [['control', arms.control] as [string, ArmReport]] : []),
  ]
  const metrics = (Object.keys(ROWS) as MetricName[]).map((metric) => [
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
  ])
  return `${table}${innerTable(report)}`
}
