import { expect, test } from 'vitest'
import { LAYER_TYPES } from '../../../src/domain/layers.ts'
import { METHODS } from '../../../src/domain/objective.ts'
import { PRESET_OPTIONS } from '../../../src/domain/presets.ts'
import { PROBLEMS } from '../../../src/domain/problems.ts'
import { PLOT_NAMES } from '../../../src/report-page/report-plots.ts'
import { readText, tableRows, unquoted, withoutBlocks } from './support.ts'

const api = readText('docs/api.md')

test('the table of errors has every code with its status, in the order of the code', () => {
  const rows = tableRows(api, '| Code |').map((row) => row.map(unquoted))
  expect(rows).toEqual(
    Object.entries(PROBLEMS).map(([code, { status, retryable, title }]) => [
      code,
      String(status),
      retryable ? 'yes' : 'no',
      title,
    ]),
  )
})

test('the table of layers has every layer type once', () => {
  const named = tableRows(api, '| Layer |').flatMap(([cell = '']) =>
    cell.split(',').map((name) => unquoted(name.trim())),
  )
  expect(named.toSorted()).toEqual([...LAYER_TYPES].toSorted())
})

test('every preset is described with its options', () => {
  const [, paragraph = ''] = /Presets: ([^|]+)/.exec(api) ?? []
  for (const [preset, options] of Object.entries(PRESET_OPTIONS)) {
    const [, described = ''] = new RegExp(`\`${preset}\`([^;.]+)`).exec(paragraph) ?? []
    expect(described, preset).not.toBe('')
    for (const option of options) expect(described, preset).toContain(`\`${option}\``)
  }
})

test('docs/methods.md has one section for each method, in the order of the code', () => {
  const page = withoutBlocks(readText('docs/methods.md'))
  const headings = [...page.matchAll(/^## ([a-z-]+)$/gm)].map(([, heading]) => heading)
  expect(headings).toEqual(Object.keys(METHODS))
})

test('docs/methods.md cites what the API cites', () => {
  const page = readText('docs/methods.md')
  for (const { citation } of Object.values(METHODS)) {
    const identifier = /arXiv:\S+(?=,)/.exec(citation)?.[0]
    if (identifier) expect(page).toContain(identifier)
  }
})

test('the table of plots has every plot', () => {
  expect(
    tableRows(api, '| Plot |')
      .map(([name = '']) => unquoted(name))
      .toSorted(),
  ).toEqual([...PLOT_NAMES].toSorted())
})
