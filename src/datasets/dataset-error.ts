/** A file that cannot be a dataset: what is wrong, where, and what to do. */
export class DatasetError extends Error {
  override readonly name = 'DatasetError'
  /** Stable, kebab-case. */
  readonly code: string
  /** Line of a CSV file or number of an image or label, from 1. */
  readonly row: number | undefined
  /** Name of the column. */
  readonly column: string | undefined

  constructor(code: string, message: string, where: { row?: number; column?: string } = {}) {
    super(message)
    this.code = code
    this.row = where.row
    this.column = where.column
  }
}

const SHOWN_CHARACTERS = 40

/** Text of the file, quoted and shortened for a message. */
export const quote = (text: string): string =>
  JSON.stringify(
    text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS).toWellFormed()}…` : text,
  )

const SHOWN_NAMES = 20

/** Names of the file, quoted, as a list that stays short. */
export function quoteList(names: readonly string[]): string {
  const more = names.length > SHOWN_NAMES ? ` and ${names.length - SHOWN_NAMES} more` : ''
  return names.slice(0, SHOWN_NAMES).map(quote).join(', ') + more
}
