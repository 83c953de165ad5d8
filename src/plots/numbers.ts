/** Numbers in sentences and on axes; a unit stays on the line of its number. */
export const percent = (share: number): string => `${(100 * share).toFixed(1)}\u00a0%`

/** A difference of shares in percentage points, with its sign. */
export const points = (difference: number): string =>
  `${difference < 0 ? '−' : '+'}${Math.abs(100 * difference).toFixed(1)}`

/** Of an axis of shares. */
export const PERCENT_LABELS = "format(100 * datum.value, '.3~f')"

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length
