/** Numbers in CSV cells. */
import { DatasetError, quote } from './dataset-error.ts'

// Neither hexadecimal nor "Infinity", which Number() takes too. No part can match the same characters in two ways, so
// that a long cell costs linear time.
const DECIMAL = /^[ \t]*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?[ \t]*$/

function problemOf(text: string): readonly [code: string, what: string] {
  const cell = text.trim()
  if (cell === '') return ['empty-cell', 'the cell is empty: fill in a number or remove the row']
  if (/^[+-]?(nan|inf|infinity)$/i.test(cell))
    return ['not-finite', `${quote(cell)} is not a finite number: fill it in or remove the row`]
  if (DECIMAL.test(cell))
    return [
      'out-of-range',
      `${quote(cell)} is beyond the range of float32 (3.4e38): scale the column`,
    ]
  if (/^[+-]?\d+,\d+$/.test(cell))
    return ['not-a-number', `${quote(cell)} has a decimal comma: write a decimal point`]
  return [
    'not-a-number',
    `${quote(cell)} is not a number: encode the column as numbers or leave it out`,
  ]
}

/**
 * Decimal number of a feature, as float32.
 *
 * @throws DatasetError for anything that is not a finite float32
 */
export function readNumber(text: string, row: number, column: string): number {
  const value = Math.fround(Number(text))
  if (Number.isFinite(value) && DECIMAL.test(text)) return value
  const [code, what] = problemOf(text)
  throw new DatasetError(code, `row ${row}, column ${quote(column)}: ${what}`, { row, column })
}
