import { expect, test } from 'vitest'
import { prefersHtml } from '../../../src/api/prefers-html.ts'

test.each([
  ['text/html'],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8'],
  ['application/json;q=0.5, text/html'],
  ['TEXT/HTML; charset=utf-8'],
  ['text/*, application/json;q=0.1'],
])('%s is answered with HTML', (accept) => {
  expect(prefersHtml(accept)).toBe(true)
})

test.each([
  [undefined],
  ['*/*'],
  ['application/json'],
  ['application/json, text/html'],
  ['text/html;q=0.1, */*'],
  ['text/html;q=0'],
  ['text/event-stream'],
  [''],
  ['text/html;q=x'],
])('%s is answered with JSON', (accept) => {
  expect(prefersHtml(accept)).toBe(false)
})
