import { existsSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { METHOD_CARDS } from '../../../src/domain/methods/cards.ts'
import { METHODS } from '../../../src/domain/objective.ts'
import { lossesPage } from './losses-page.ts'
import { ROOT, readText } from './support.ts'

test('docs/losses.md says what the cards of the methods say; vitest -u writes it anew', async () => {
  await expect(lossesPage()).toMatchFileSnapshot(path.join(ROOT, 'docs/losses.md'))
})

test('every method has a file of its own, which cites what its card cites', () => {
  for (const [id, { citation }] of Object.entries(METHOD_CARDS)) {
    const file = `workers/engine/losses/${id}.ts`
    expect(existsSync(path.join(ROOT, file)), file).toBe(true)
    const source = readText(file)
    for (const [, paper = ''] of citation.matchAll(/arXiv:(\d{4}\.\d{5})/g))
      expect(source, file).toContain(paper)
  }
})

test('every method that a job can name has a card', () => {
  expect(Object.keys(METHOD_CARDS)).toEqual(expect.arrayContaining(Object.keys(METHODS)))
})

test('every option of a card has a default, and says what it is', () => {
  for (const [id, { options }] of Object.entries(METHOD_CARDS))
    for (const [name, schema] of Object.entries(options)) {
      expect(schema, `${id}.${name}`).toHaveProperty('default')
      expect(schema, `${id}.${name}`).toHaveProperty('description')
    }
})
