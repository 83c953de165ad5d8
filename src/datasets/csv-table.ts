/** Takes the records of a CSV file one by one: the header, then rows of features and a label. */
import type { Shape } from '../domain/network.ts'
import { ClassTable } from './class-table.ts'
import { type CsvHeader, readHeader } from './csv-header.ts'
import { readNumber } from './csv-number.ts'
import { DatasetError, quote } from './dataset-error.ts'
import type { FeatureBuffer } from './feature-buffer.ts'
import { GroupTable } from './group-table.ts'

export interface CsvTableOptions {
  readonly labelColumn: string
  /** Names which rows belong together, and is no feature. */
  readonly groupColumn?: string | undefined
  /** Default: a vector of all feature columns. */
  readonly inputShape?: Shape | undefined
  readonly maxRows: number
}

const lineBreaks = (cell: string): number => cell.match(/\r\n|\r|\n/g)?.length ?? 0

export class CsvTable {
  readonly classes = new ClassTable()
  /** Null where no column names groups. */
  readonly groups: GroupTable | null
  readonly #options: CsvTableOptions
  readonly #features: FeatureBuffer
  #header: CsvHeader | null = null
  #line = 1
  #blankLine: number | null = null

  constructor(options: CsvTableOptions, features: FeatureBuffer) {
    this.#options = options
    const { groupColumn } = options
    this.groups = groupColumn === undefined ? null : new GroupTable(groupColumn.trim())
    this.#features = features
  }

  /** Line on which the next record begins, from 1. */
  get line(): number {
    return this.#line
  }

  /** @throws DatasetError */
  add(cells: readonly string[]): void {
    const row = this.#line++
    if (cells.length === 1 && cells[0]?.trim() === '') {
      this.#blankLine ??= row
      return
    }
    if (this.#blankLine !== null) {
      const blank = this.#blankLine
      throw new DatasetError('blank-line', `row ${blank} is blank: remove it`, { row: blank })
    }
    if (this.#header) this.#addRow(this.#header, cells, row)
    else {
      this.#header = readHeader(
        cells,
        this.#options.labelColumn,
        this.#options.inputShape,
        this.#options.groupColumn,
      )
      for (const cell of cells) this.#line += lineBreaks(cell)
    }
  }

  #addRow({ names, label, group }: CsvHeader, cells: readonly string[], row: number): void {
    if (cells.length !== names.length)
      throw new DatasetError(
        'ragged-row',
        `row ${row} has ${cells.length} cells, but the header has ${names.length}`,
        { row },
      )
    const { maxRows } = this.#options
    if (this.classes.rows === maxRows)
      throw new DatasetError('too-many-rows', `more than ${maxRows} rows, at row ${row}`, { row })
    for (const [index, cell] of cells.entries()) {
      const column = names[index] ?? ''
      if (index === label) this.#addLabel(cell, row, column)
      else if (index === group) this.#addGroup(cell, row)
      else this.#features.push(readNumber(cell, row, column))
    }
  }

  #addLabel(cell: string, row: number, column: string): void {
    const name = cell.trim()
    if (name === '')
      throw new DatasetError(
        'empty-label',
        `row ${row}, column ${quote(column)}: the label is empty: fill it in or remove the row`,
        { row, column },
      )
    this.classes.add(name, { row, column })
    if (cell.includes('\n') || cell.includes('\r')) this.#line += lineBreaks(cell)
  }

  #addGroup(cell: string, row: number): void {
    this.groups?.add(cell.trim(), row)
    if (cell.includes('\n') || cell.includes('\r')) this.#line += lineBreaks(cell)
  }

  /** @throws DatasetError when the file ended before the first row */
  finish(): CsvHeader {
    if (this.#header === null)
      throw new DatasetError('empty-file', 'the file is empty: it needs a header line and rows')
    if (this.classes.rows === 0)
      throw new DatasetError('no-rows', 'the file has a header line but no rows')
    return this.#header
  }
}
