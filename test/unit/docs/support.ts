/** Reads the Markdown of the repository as tests need it. */
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

export const ROOT = path.resolve(import.meta.dirname, '../../..')

export const readText = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8')

const markdownIn = (folder: string): string[] =>
  readdirSync(path.join(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join(folder, name))

/** What people read, relative to the root. */
export const PAGES = ['.', 'docs', 'examples'].flatMap(markdownIn)

/** Without fenced blocks, whose lines are not Markdown. */
export const withoutBlocks = (markdown: string): string =>
  markdown.replace(/^```[^\n]*\n[\s\S]*?^```$/gm, '')

/** Cells of the rows of the table under the header line that begins so; outer blanks and backticks removed. */
export function tableRows(markdown: string, header: string): string[][] {
  const lines = markdown.split('\n')
  const start = lines.findIndex((line) => line.startsWith(header))
  if (start < 0) throw new Error(`there is no table that begins with ${header}`)
  const rows: string[][] = []
  for (const line of lines.slice(start + 2)) {
    if (!line.startsWith('|')) break
    rows.push(
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    )
  }
  return rows
}

/** `code` as code. */
export const unquoted = (cell: string): string => cell.replace(/^`(.*)`$/, '$1')
