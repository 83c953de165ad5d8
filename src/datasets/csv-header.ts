/** The header line of a CSV file: which columns are features and which is the label. */
import { elements, type Shape } from '../domain/network.ts'
import { DatasetError, quote, quoteList } from './dataset-error.ts'

const MAX_COLUMNS = 65_536

export interface CsvHeader {
  readonly names: readonly string[]
  /** Position of the label column. */
  readonly label: number
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

/**
 * @param cells      of the first line
 * @param inputShape that the features of a row fill in order; by default a vector
 * @throws DatasetError
 */
export function readHeader(
  cells: readonly string[],
  labelColumn: string,
  inputShape: Shape | undefined,
): CsvHeader {
  const names = cells.map((cell) => cell.trim())
  checkNames(names)
  const label = names.indexOf(labelColumn.trim())
  if (label < 0)
    throw new DatasetError(
      'label-column-missing',
      `no column is called ${quote(labelColumn)}; the file has ${quoteList(names)}`,
      { row: 1, column: labelColumn },
    )
  const featureNames = names.toSpliced(label, 1)
  const features = featureNames.length
  if (features === 0)
    throw new DatasetError(
      'no-features',
      `the file has only the label column ${quote(labelColumn)}: features are missing, or the columns are not separated by comma, semicolon or tab`,
      { row: 1 },
    )
  if (inputShape && elements(inputShape) !== features)
    throw new DatasetError(
      'shape-does-not-fit',
      `the input shape [${inputShape.join(', ')}] holds ${elements(inputShape)} numbers, but the file has ${features} feature columns beside ${quote(labelColumn)}`,
      { row: 1 },
    )
  return { names, label, featureNames, inputShape: inputShape ?? [features] }
}
