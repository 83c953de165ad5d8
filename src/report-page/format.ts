/** Numbers as readers want them: rates in percent, differences of rates in percentage points, the rest as it is. */
import type { Interval, Summary } from '../domain/report/interval.ts'
import { METRICS, type MetricName } from '../domain/report/metrics.ts'
import { type Markup, markup } from '../markup.ts'

export const NONE = '–'
const MINUS = '−'

export const METRIC_LABELS: Readonly<Record<MetricName, string>> = {
  accuracy: 'accuracy, %',
  top5Accuracy: 'top-5 accuracy, %',
  macroF1: 'macro F1, %',
  weightedF1: 'weighted F1, %',
  nll: 'NLL, nats',
  brier: 'Brier score',
  ece: 'ECE, %',
  meanConfidence: 'mean confidence, %',
  agreement: 'agreement with the teacher, %',
  agreementOnTeacherErrors: 'agreement on its errors, %',
  klFromTeacher: 'KL from the teacher, nats',
}

const digitsOf = (name: MetricName): number => (METRICS[name].unit === 'rate' ? 2 : 4)
const factorOf = (name: MetricName): number => (METRICS[name].unit === 'rate' ? 100 : 1)

export const decimal = (value: number, digits: number): string => {
  const text = Math.abs(value).toFixed(digits)
  return value < 0 && Number(text) !== 0 ? `${MINUS}${text}` : text
}
const signed = (value: number, digits: number): string =>
  `${value > 0 && Number(value.toFixed(digits)) !== 0 ? '+' : ''}${decimal(value, digits)}`

export const metricValue = (name: MetricName, value: number | null): string =>
  value === null ? NONE : decimal(factorOf(name) * value, digitsOf(name))
export const metricDifference = (name: MetricName, value: number | null): string =>
  value === null ? NONE : signed(factorOf(name) * value, digitsOf(name))

export const metricInterval = (name: MetricName, interval: Interval | null): string =>
  interval === null
    ? ''
    : `${metricValue(name, interval.low)} to ${metricValue(name, interval.high)}`

/** Mean ± standard deviation, and the interval below. */
export function metricSummary(
  name: MetricName,
  { mean, standardDeviation, interval }: Summary,
  isDifference = false,
): Markup {
  const shown = isDifference ? metricDifference(name, mean) : metricValue(name, mean)
  const spread = standardDeviation === null ? '' : ` ± ${metricValue(name, standardDeviation)}`
  const below = metricInterval(name, interval)
  return markup`${shown}${spread}${below === '' ? null : markup`<small>${below}</small>`}`
}

export const count = (value: number | null): string =>
  value === null ? NONE : value.toLocaleString('en')

const SIZES = ['bytes', 'kB', 'MB', 'GB'] as const
export function bytes(value: number | null): string {
  if (value === null) return NONE
  const power = Math.min(SIZES.length - 1, Math.floor(Math.log10(Math.max(1, value)) / 3))
  return `${decimal(value / 1000 ** power, power === 0 ? 0 : 1)} ${SIZES[power]}`
}

export const milliseconds = (value: number | null | undefined): string =>
  value === null || value === undefined ? NONE : `${value.toPrecision(3)} ms`

export const seconds = (value: number | null): string =>
  value === null ? NONE : `${value.toFixed(value < 10 ? 2 : 1)} s`

const SMALLEST_P = 0.0001
export function pValue(value: number | null): string {
  if (value === null) return NONE
  return value < SMALLEST_P ? `< ${SMALLEST_P}` : value.toPrecision(2)
}
