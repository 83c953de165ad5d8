/** The header line of a CSV file: which columns are features, which is the label, and which names groups. */
import { elements, type Shape } from '../domain/network.ts'
import { DatasetError, quote, quoteList } from './dataset-error.ts'

const MAX_COLUMNS = 65_536

export interface CsvHeader {
  readonly names: readonly string[]
  /** Position of the label column. */
  readonly label: number
  /** Position of the group column; null where there is none. */
  readonly group: number | null
  readonly featureNames: readonly string[]
  readonly inputShape: Shape
}

const DELIMITERS = [',', ';', '\t'] as const

/** The delimiter that stands most often in the header outside quotes; the comma where none does. */
export function delimiterOf(headerLine: string): string {
  const bare = headerLine.replace(/"[^"]*"/g, '')
  const counts = DELIMITERS.map((delimiter) => bare.split(delimiter).length)
  return DELIMITERS[counts.indexOf(Math.max(...counts))] ?? ','
}

const looksLikeNumber = (name: string): boolean => name !== '' && Number.isFinite(Number(name))

function checkNames(names: readonly string[]): void {
  if (names.length > MAX_COLUMNS)
    throw new DatasetError(
      'too-many-columns',
      `${names.length} columns, at most ${MAX_COLUMNS} are allowed`,
      { row: 1 },
    )
  if (names.every(looksLikeNumber))
    throw new DatasetError(
      'header-missing',
      'row 1 has only numbers: put a header line with the names of the columns before the data',
      { row: 1 },
    )
  const unnamed = names.indexOf('')
  if (unnamed >= 0)
    throw new DatasetError(
      'column-without-name',
      `row 1: column ${unnamed + 1} has no name: name it, or remove it when it only numbers the rows`,
      { row: 1 },
    )
  const seen = new Set<string>()
  for (const name of names) {
    if (seen.has(name))
      throw new DatasetError(
        'duplicate-column',
        `row 1: two columns are called ${quote(name)}: rename one`,
        { row: 1, column: name },
      )
    seen.add(name)
  }
}

function find(names: readonly string[], wanted: string, code: string): number {
  const index = names.indexOf(wanted.trim())
  if (index < 0)
    throw new DatasetError(
      code,
      `no column is called ${quote(wanted)}; the file has ${quoteList(names)}`,
      { row: 1, column: wanted },
    )
  return index
}

/**
 * @param cells      of the first line
 * @param inputShape that the features of a row fill in order; by default a vector
 * @throws DatasetError
 */
export function readHeader(
  cells: readonly string[],
  labelColumn: string,
  inputShape: Shape | undefined,
  groupColumn: string | null = null,
): CsvHeader {
  const names = cells.map((cell) => cell.trim())
  checkNames(names)
  const label = find(names, labelColumn, 'label-column-missing')
  const group = groupColumn === null ? null : find(names, groupColumn, 'group-column-missing')
  if (group === label)
    throw new DatasetError(
      'group-is-label',
      `the column ${quote(labelColumn)} cannot be both the label and the group`,
      { row: 1, column: labelColumn },
    )
  const featureNames = names.filter((_, index) => index !== label && index !== group)
  const features = featureNames.length
  if (features === 0)
    throw new DatasetError(
      'no-features',
      `the file has only the label column ${quote(labelColumn)}${group === null ? '' : ` and the group column ${quote(groupColumn ?? '')}`}: features are missing, or the columns are not separated by comma, semicolon or tab`,
      { row: 1 },
    )
  if (inputShape && elements(inputShape) !== features)
    throw new DatasetError(
      'shape-does-not-fit',
      `the input shape [${inputShape.join(', ')}] holds ${elements(inputShape)} numbers, but the file has ${features} feature columns beside ${quote(labelColumn)}`,
      { row: 1 },
    )
  return { names, label, group, featureNames, inputShape: inputShape ?? [features] }
}
