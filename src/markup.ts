/**
 * HTML and SVG as text in which nothing that came from outside is markup: what is put into a `markup` template is escaped,
 * unless it is the result of such a template.
 */
export class Markup {
  readonly text: string

  /** @param text markup that was written here, not given by anyone */
  constructor(text: string) {
    this.text = text
  }

  toString(): string {
    return this.text
  }
}

export type Insertable = Markup | string | number | null | readonly Insertable[]

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** XML has no way to write them. */
const UNWRITABLE = /(?![\t\n\r])\p{Cc}|[\ufffe\uffff]/gu

/** Control characters and halves of surrogate pairs become U+FFFD. */
export const writable = (text: string): string => text.toWellFormed().replace(UNWRITABLE, '\ufffd')

const escaped = (text: string): string =>
  writable(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character)

function insert(value: Insertable): string {
  if (value === null) return ''
  if (value instanceof Markup) return value.text
  if (typeof value === 'string') return escaped(value)
  if (typeof value === 'number') return String(value)
  return value.map(insert).join('')
}

/** Attributes must be quoted: an escaped text can leave neither an element nor quotes. */
export const markup = (parts: TemplateStringsArray, ...values: readonly Insertable[]): Markup =>
  new Markup(
    parts.reduce((text, part, index) => `${text}${insert(values[index - 1] ?? null)}${part}`),
  )
