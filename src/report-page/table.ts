/** A table that scrolls by itself when it is wide, with names for screen readers. */
import { type Insertable, type Markup, markup } from '../markup.ts'

export interface Table {
  readonly caption: string
  /** Below the table, in small letters. */
  readonly note?: string
  readonly head: readonly Insertable[]
  /** The first cell of a row is its name. */
  readonly rows: readonly (readonly Insertable[])[]
}

const row = ([name = '', ...cells]: readonly Insertable[]): Markup =>
  markup`<tr><th scope="row">${name}</th>${cells.map((cell) => markup`<td>${cell}</td>`)}</tr>`

export const table = ({ caption, note, head, rows }: Table): Markup => markup`
<div class="wide" role="region" aria-label="${caption}" tabindex="0">
<table>
<caption>${caption}</caption>
<thead><tr>${head.map((cell) => markup`<th scope="col">${cell}</th>`)}</tr></thead>
<tbody>
${rows.map(
  (cells) => markup`${row(cells)}
`,
)}</tbody>
</table>
</div>${
  note === undefined
    ? null
    : markup`
<p class="note">${note}</p>`
}`
