/** Collects the label of every row and turns labels into class indices. */
import { DatasetError, quote } from './dataset-error.ts'

const MAX_CLASSES = 10_000
const MAX_NAME_CHARACTERS = 200

const isInteger = (text: string): boolean =>
  /^(0|-?[1-9]\d*)$/.test(text) && Number.isSafeInteger(Number(text))

/** Order of UTF-8 bytes, which is the order of code points. */
const byCodePoint = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

/** Numeric where every class is an integer, else by code point. */
const sortNames = (names: readonly string[]): string[] =>
  names.every(isInteger)
    ? names.toSorted((a, b) => Number(a) - Number(b))
    : names.toSorted(byCodePoint)

export class ClassTable {
  readonly #ids = new Map<string, number>()
  readonly #counts: number[] = []
  #labels = new Int32Array(1024)
  #rows = 0

  get rows(): number {
    return this.#rows
  }

  /** In the order in which they came up. */
  get names(): string[] {
    return [...this.#ids.keys()]
  }

  /**
   * @param where row and column for messages
   * @throws DatasetError when there are too many classes, or a name is too long
   */
  add(name: string, where: { row: number; column?: string }): void {
    const id = this.#ids.get(name) ?? this.#create(name, where)
    if (this.#rows === this.#labels.length) {
      const larger = new Int32Array(2 * this.#labels.length)
      larger.set(this.#labels)
      this.#labels = larger
    }
    this.#labels[this.#rows++] = id
    this.#counts[id] = (this.#counts[id] ?? 0) + 1
  }

  #create(name: string, where: { row: number; column?: string }): number {
    if (name.length > MAX_NAME_CHARACTERS)
      throw new DatasetError(
        'label-too-long',
        `row ${where.row}: the label ${quote(name)} has ${name.length} characters, at most ${MAX_NAME_CHARACTERS} are allowed`,
        where,
      )
    const id = this.#ids.size
    if (id === MAX_CLASSES)
      throw new DatasetError(
        'too-many-classes',
        `more than ${MAX_CLASSES} different labels by row ${where.row}: this is probably a regression target or an id; name a column of classes`,
        where,
      )
    this.#ids.set(name, id)
    return id
  }

  /** Class index of each row, and name and rows of each class. */
  finish(): { labels: Int32Array; classNames: string[]; classCounts: number[] } {
    const classNames = sortNames(this.names)
    const ids = classNames.map((name) => this.#ids.get(name) ?? 0)
    const index = new Int32Array(ids.length)
    for (const [position, id] of ids.entries()) index[id] = position
    const labels = this.#labels.slice(0, this.#rows)
    for (const [row, id] of labels.entries()) labels[row] = index[id] ?? 0
    return { labels, classNames, classCounts: ids.map((id) => this.#counts[id] ?? 0) }
  }
}
