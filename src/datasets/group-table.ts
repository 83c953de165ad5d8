/** Collects which rows belong together. */
import type { DatasetGroups } from '../domain/dataset.ts'
import { DatasetError, quote } from './dataset-error.ts'

const MAX_NAME_CHARACTERS = 200

export class GroupTable {
  readonly #column: string
  readonly #ids = new Map<string, number>()
  readonly #counts: number[] = []
  #groups = new Int32Array(1024)
  #rows = 0

  constructor(column: string) {
    this.#column = column
  }

  /**
   * @param name of the group of the next row
   * @throws DatasetError when it is empty or too long
   */
  add(name: string, row: number): void {
    const where = { row, column: this.#column }
    if (name === '')
      throw new DatasetError(
        'empty-group',
        `row ${row}, column ${quote(this.#column)}: the group is empty: fill it in, with a name of its own where the row belongs to no other`,
        where,
      )
    if (name.length > MAX_NAME_CHARACTERS)
      throw new DatasetError(
        'group-too-long',
        `row ${row}: the group ${quote(name)} has ${name.length} characters, at most ${MAX_NAME_CHARACTERS} are allowed`,
        where,
      )
    const id = this.#ids.get(name) ?? this.#ids.size
    this.#ids.set(name, id)
    if (this.#rows === this.#groups.length) {
      const larger = new Int32Array(2 * this.#groups.length)
      larger.set(this.#groups)
      this.#groups = larger
    }
    this.#groups[this.#rows++] = id
    this.#counts[id] = (this.#counts[id] ?? 0) + 1
  }

  /**
   * Group index of each row, in the order in which groups came up, and what is known of them.
   * @throws DatasetError when all rows are of one group
   */
  finish(labels: Int32Array, classes: number): DatasetGroups & { readonly ofRow: Int32Array } {
    const [only] = this.#ids.keys()
    if (this.#ids.size === 1)
      throw new DatasetError(
        'one-group',
        `all ${this.#rows} rows have the group ${quote(only ?? '')} in column ${quote(this.#column)}: rows of one group stay together, so at least two groups are needed`,
        { column: this.#column },
      )
    const ofRow = this.#groups.slice(0, this.#rows)
    const seen = Array.from({ length: classes }, () => new Set<number>())
    for (const [row, group] of ofRow.entries()) seen[labels[row] ?? -1]?.add(group)
    return {
      column: this.#column,
      count: this.#counts.length,
      largest: this.#counts.reduce((most, rows) => Math.max(most, rows), 0),
      ofClass: seen.map((groups) => groups.size),
      ofRow,
    }
  }
}
