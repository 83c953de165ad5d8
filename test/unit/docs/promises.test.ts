import { existsSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { ROOT, readText, tableRows } from './support.ts'

const promises = tableRows(readText('docs/operations.md'), '| | Promise |').map(
  ([number = '', promise = '', how = '', proof = '']) => ({ number, promise, how, proof }),
)

test('promises are numbered from 1 without gaps', () => {
  expect(promises.map(({ number }) => number)).toEqual(promises.map((_, index) => `${index + 1}`))
})

test.each(promises)(
  'promise $number names tests that exist, or says that it is not proved',
  ({ proof }) => {
    const tests = [...proof.matchAll(/`(test\/[^`]+)`: "([^"]+)"/g)]
    if (!/\bnot yet\b/i.test(proof)) expect(tests.length).toBeGreaterThan(0)
    for (const [, file = '', title = ''] of tests) {
      expect(existsSync(path.join(ROOT, file)), file).toBe(true)
      expect(readText(file)).toContain(title)
    }
  },
)
