import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Markup, markup } from '../../src/markup.ts'

test('what is put in is text, unless it is markup itself', () => {
  expect(markup`<p title="${'"><script>'}">${"it's <b> & more"}</p>`.text).toBe(
    '<p title="&quot;&gt;&lt;script&gt;">it&#39;s &lt;b&gt; &amp; more</p>',
  )
  expect(markup`<ul>${['a', '<b>'].map((one) => markup`<li>${one}</li>`)}</ul>`.text).toBe(
    '<ul><li>a</li><li>&lt;b&gt;</li></ul>',
  )
  expect(markup`${new Markup('<hr>')}${null}${0}${['<', [1, null]]}`.text).toBe('<hr>0&lt;1')
})

test('no text leaves its element or its quotes, and XML can write all of it', () => {
  const text = fc.string({ unit: 'binary' }).filter((value) => value !== '')
  fc.assert(
    fc.property(fc.oneof(text, fc.constantFrom('\ud800', '\u0000\u0001', '\uffff')), (value) => {
      const { text: written } = markup`${value}`
      expect(written).not.toMatch(/[<>"']/)
      expect(written.replace(/&(amp|lt|gt|quot|#39);/g, '')).not.toContain('&')
      expect(written.isWellFormed()).toBe(true)
      expect(written).not.toMatch(/(?![\t\n\r])\p{Cc}|[\ufffe\uffff]/u)
    }),
  )
})
