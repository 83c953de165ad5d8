/** Numbers as people write them. */
import type { Interval } from '../../../src/domain/report/interval.ts'

/** Percentage points of a difference of rates, without its sign. */
export function points(difference: number): string {
  const shown = (100 * Math.abs(difference)).toFixed(1)
  return `${shown} ${shown === '1.0' ? 'point' : 'points'}`
}

export const percent = (rate: number): string => `${(100 * rate).toFixed(1)} %`

/** In points, with signs. */
export const intervalInPoints = ({ low, high }: Interval): string =>
  `95 % CI ${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)}`

export const pValue = (p: number): string =>
  p < 0.001 ? 'p < 0.001' : `p = ${p.toFixed(p < 0.1 ? 3 : 2)}`

/** To two digits where there are few. */
export const seconds = (value: number): string =>
  `${value < 10 ? value.toPrecision(2) : Math.round(value)} s`
