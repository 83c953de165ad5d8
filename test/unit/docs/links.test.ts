import { existsSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { PAGES, ROOT, readText, withoutBlocks } from './support.ts'

/** The anchors that GitHub gives to the headings of a page. */
const anchorsOf = (page: string): string[] =>
  [...withoutBlocks(readText(page)).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )

test('the pages that a reader expects are there', () => {
  expect(PAGES).toEqual(
    expect.arrayContaining([
      'README.md',
      'CONTRIBUTING.md',
      'CHANGELOG.md',
      'docs/api.md',
      'docs/architecture.md',
      'docs/methods.md',
      'docs/operations.md',
      'docs/report.md',
      'examples/README.md',
    ]),
  )
})

test.each(PAGES)('%s: every link leads to a file, and to a heading where it names one', (page) => {
  const dead: string[] = []
  for (const [, target = ''] of withoutBlocks(readText(page)).matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^https?:/.test(target)) continue
    const [file = '', anchor] = target.split('#')
    const linked = file === '' ? page : path.join(path.dirname(page), file)
    const isAlive =
      existsSync(path.join(ROOT, linked)) &&
      (anchor === undefined || anchorsOf(linked).includes(anchor))
    if (!isAlive) dead.push(target)
  }
  expect(dead).toEqual([])
})

test.each(PAGES)('%s: every file that is named in code exists', (page) => {
  const named = [...withoutBlocks(readText(page)).matchAll(/`([^`\s]+)`/g)]
    .map(([, text = '']) => text)
    .filter((text) => /^(src|workers|scripts|prisma|test|docs|examples)\/[\w./-]+$/.test(text))
  expect(named.filter((file) => !existsSync(path.join(ROOT, file)))).toEqual([])
})

test.each(PAGES)('%s: speaks of nothing outside the repository', (page) => {
  const lines = readText(page).split('\n')
  const outside = /(^|[\s"'(`])\/(work|root|home|tmp|Users|opt|mnt)\/|\.\.\/shared|\bissue \d/
  expect(lines.filter((line) => outside.test(line))).toEqual([])
})
