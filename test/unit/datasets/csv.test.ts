import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type CsvOptions, readCsv } from '../../../src/datasets/csv.ts'
import { chunks, errorOf, MemorySink } from './reading.ts'

const OPTIONS: CsvOptions = { labelColumn: 'label', maxRows: 1000 }

async function read(file: string | Uint8Array, options: Partial<CsvOptions> = {}, size?: number) {
  const bytes = typeof file === 'string' ? Buffer.from(file) : file
  const sink = new MemorySink()
  const parsed = await readCsv(chunks(bytes, size), { ...OPTIONS, ...options }, sink)
  return { ...parsed, features: sink.floats }
}
const failure = (file: string | Uint8Array, options: Partial<CsvOptions> = {}, size?: number) =>
  errorOf(read(file, options, size))

test('columns become float32 features in their order, and labels class indices', async () => {
  const got = await read('a,label,b\n1.5,dog,-2\n.5,cat,3e2\n+7.,dog,0\n')
  expect(got).toMatchObject({
    rows: 3,
    inputShape: [2],
    featureType: 'float32',
    classNames: ['cat', 'dog'],
    classCounts: [1, 2],
    features: [1.5, -2, 0.5, 300, 7, 0],
    profile: { minimum: -2, maximum: 300, featureNames: ['a', 'b'] },
  })
  expect([...got.labels]).toEqual([1, 0, 1])
})

test('an image shape is taken where its product is the number of feature columns', async () => {
  const got = await read('a,b,c,d,label\n1,2,3,4,x\n1,2,3,4,y\n', { inputShape: [2, 2, 1] })
  expect(got.inputShape).toEqual([2, 2, 1])
})

test.each([
  ['semicolons', 'a;b;label\n1;2;x\n3;4;y\n'],
  ['tabs', 'a\tb\tlabel\n1\t2\tx\n3\t4\ty\n'],
  ['CRLF', 'a,b,label\r\n1,2,x\r\n3,4,y\r\n'],
  ['CR', 'a,b,label\r1,2,x\r3,4,y\r'],
  ['line ends of both kinds', 'a,b,label\r\n1,2,x\n3,4,y\r\n'],
  ['no last line end', 'a,b,label\n1,2,x\n3,4,y'],
  ['blank lines at the end', 'a,b,label\n1,2,x\n3,4,y\n\n \n'],
  ['a byte order mark', '\ufeffa,b,label\n1,2,x\n3,4,y\n'],
  ['a byte order mark before a quote', '\ufeff"a",b,label\n1,2,x\n3,4,y\n'],
  ['quotes', '"a","b","label"\n"1","2","x"\n"3","4","y"\n'],
  ['blanks around cells', ' a, b ,label \n 1,2 , x\n3,\t4,y \n'],
])('a file with %s is the same table, in whatever chunks it comes', async (_, file) => {
  for (const size of [1, 2, 3, 7, 1000]) {
    const got = await read(file, {}, size)
    expect(got).toMatchObject({ classNames: ['x', 'y'], features: [1, 2, 3, 4] })
    expect(got.profile.featureNames).toEqual(['a', 'b'])
  }
})

test('quoted labels and names may hold delimiters, quotes and line breaks', async () => {
  const file = '"a,1","la""b\r\nel"\r\n1,"x, ""y""\r\nz"\r\n2,ü\r\n'
  for (const size of [1, 1000]) {
    const got = await read(file, { labelColumn: 'la"b\r\nel' }, size)
    expect(got.classNames).toEqual(['x, "y"\r\nz', 'ü'])
    expect(got.profile.featureNames).toEqual(['a,1'])
  }
})

test('delimiters inside quoted names do not decide which one the file has', async () => {
  const got = await read('"a,b,c,d";label\n1;x\n2;y\n')
  expect(got.profile.featureNames).toEqual(['a,b,c,d'])
})

test('classes are in numeric order where every label is an integer', async () => {
  const table = (labels: string[]) => `a,label\n${labels.map((label) => `0,${label}\n`).join('')}`
  expect((await read(table(['10', '9', '-1']))).classNames).toEqual(['-1', '9', '10'])
  expect((await read(table(['10', '9', 'x']))).classNames).toEqual(['10', '9', 'x'])
  // U+FF5E comes before U+1F600, though not in UTF-16.
  expect((await read(table(['😀', '～', 'a']))).classNames).toEqual(['a', '～', '😀'])
})

test('tables of any content survive writing and reading in any chunks', async () => {
  const cell = fc.float({ noNaN: true, noDefaultInfinity: true })
  const label = fc
    .string({ minLength: 1, maxLength: 12, unit: 'binary' })
    .filter((text) => text.trim() === text && !text.includes('\0'))
  const table = fc.integer({ min: 1, max: 5 }).chain((columns) =>
    fc.array(fc.tuple(fc.array(cell, { minLength: columns, maxLength: columns }), label), {
      minLength: 2,
      maxLength: 20,
    }),
  )
  const property = fc.asyncProperty(table, fc.integer({ min: 1, max: 50 }), async (rows, size) => {
    const names = new Set(rows.map(([, name]) => name))
    fc.pre(names.size > 1)
    const columns = rows[0]?.[0].map((_, column) => `c${column}`) ?? []
    const lines = rows.map(([cells, name]) => [...cells, `"${name.replaceAll('"', '""')}"`].join())
    const file = [[...columns, 'label'].join(), ...lines].join('\n')
    const got = await read(file, {}, size)
    expect(got.features).toEqual(rows.flatMap(([cells]) => cells.map((value) => value + 0)))
    expect(Array.from(got.labels, (index) => got.classNames[index])).toEqual(
      rows.map(([, name]) => name),
    )
    expect(got.classCounts.reduce((sum, count) => sum + count, 0)).toBe(rows.length)
  })
  await fc.assert(property)
})

const LONG = 'z'.repeat(300)
test.each([
  ['', 'empty-file', 'the file is empty', {}],
  ['\n\n', 'empty-file', 'the file is empty', {}],
  ['a,label\n', 'no-rows', 'a header line but no rows', {}],
  [
    'a,b\n1,2\n',
    'label-column-missing',
    'no column is called "label"; the file has "a", "b"',
    { row: 1, column: 'label' },
  ],
  ['a,a,label\n', 'duplicate-column', 'row 1: two columns are called "a"', { row: 1, column: 'a' }],
  [',a,label\n0,1,x\n', 'column-without-name', 'column 1 has no name', { row: 1 }],
  ['0,1,2\n', 'header-missing', 'row 1 has only numbers', { row: 1 }],
  ['label\nx\n', 'no-features', 'only the label column', { row: 1 }],
  ['a,label\n1,x\n2\n', 'ragged-row', 'row 3 has 1 cells, but the header has 2', { row: 3 }],
  ['a,label\n1,x\n2,y,3\n', 'ragged-row', 'row 3 has 3 cells, but the header has 2', { row: 3 }],
  ['a,label\n1,x\n\n2,y\n', 'blank-line', 'row 3 is blank', { row: 3 }],
  [
    'a,b,label\n1,2,x\n1,,y\n',
    'empty-cell',
    'row 3, column "b": the cell is empty',
    { row: 3, column: 'b' },
  ],
  ['a,b,label\n1,2,x\n ,2,y\n', 'empty-cell', 'row 3, column "a"', { row: 3, column: 'a' }],
  [
    'a,label\n1,x\nNaN,y\n',
    'not-finite',
    'row 3, column "a": "NaN" is not a finite number',
    { row: 3, column: 'a' },
  ],
  ['a,label\n1,x\n-Infinity,y\n', 'not-finite', 'row 3, column "a"', { row: 3, column: 'a' }],
  [
    'a,label\n1,x\n1e39,y\n',
    'out-of-range',
    'row 3, column "a": "1e39" is beyond',
    { row: 3, column: 'a' },
  ],
  [
    'a,label\n1,x\nred,y\n',
    'not-a-number',
    'row 3, column "a": "red" is not a number',
    { row: 3, column: 'a' },
  ],
  ['a,label\n1,x\n0x10,y\n', 'not-a-number', '"0x10" is not a number', { row: 3, column: 'a' }],
  ['a,label\n1,x\n1_0,y\n', 'not-a-number', '"1_0" is not a number', { row: 3, column: 'a' }],
  ['a;label\n1;x\n1,5;y\n', 'not-a-number', 'decimal comma', { row: 3, column: 'a' }],
  [
    `a,label\n${LONG},x\n`,
    'not-a-number',
    `"${'z'.repeat(40)}…" is not a number`,
    { row: 2, column: 'a' },
  ],
  [`a,label\n1,${LONG}\n`, 'label-too-long', 'has 300 characters', { row: 2, column: 'label' }],
  [
    'a,label\n1,x\n2, \n',
    'empty-label',
    'row 3, column "label": the label is empty',
    { row: 3, column: 'label' },
  ],
  ['a,label\n1,x\n2,x\n', 'one-class', 'all 2 rows have the label "x"', {}],
  ['a,label\n1,"x\n2,y\n', 'bad-quotes', 'row 2: a quote is not closed', { row: 2 }],
  ['a,label\n1,x"y\n', 'bad-quotes', 'row 2', { row: 2 }],
  ['a,label\n1,"x"y\n', 'bad-quotes', 'row 2', { row: 2 }],
  [
    'a,label\n1,"x\r\ny"\n2,z\nred,y\n',
    'not-a-number',
    'row 5, column "a"',
    { row: 5, column: 'a' },
  ],
] as const)('%j is refused with %s', async (file, code, message, where) => {
  for (const size of [1, 1000]) {
    const error = await failure(file, {}, size)
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) })
    const { row, column } = { row: undefined, column: undefined, ...where }
    expect({ row: error.row, column: error.column }).toEqual({ row, column })
  }
})

test('a shape that does not hold the columns is refused with both numbers', async () => {
  const error = await failure('a,b,c,label\n1,2,3,x\n', { inputShape: [2, 2, 1] })
  expect(error.code).toBe('shape-does-not-fit')
  expect(error.message).toContain('[2, 2, 1] holds 4 numbers, but the file has 3 feature columns')
})

test('more rows than allowed are refused, and exactly as many are read', async () => {
  expect((await read('a,label\n1,x\n2,y\n', { maxRows: 2 })).rows).toBe(2)
  expect(await failure('a,label\n1,x\n2,y\n', { maxRows: 1 })).toMatchObject({
    code: 'too-many-rows',
    row: 3,
  })
})

test('more than 65,536 columns are refused', async () => {
  const names = Array.from({ length: 65_537 }, (_, index) => `c${index}`).join()
  expect((await failure(`${names}\n`, { labelColumn: 'c0' })).code).toBe('too-many-columns')
})

test('more than 10,000 classes are called a regression target', async () => {
  const rows = Array.from({ length: 10_001 }, (_, row) => `1,${row / 7}`)
  const error = await failure(`a,label\n${rows.join('\n')}`, { maxRows: 1e6 })
  expect(error).toMatchObject({ code: 'too-many-classes', row: 10_002, column: 'label' })
  expect(error.message).toContain('regression target')
})

test('a line without end is refused without reading it all', async () => {
  let sent = 0
  async function* endless(): AsyncGenerator<Uint8Array, void> {
    yield Buffer.from('a,label\n1,x\n"')
    for (;;) {
      sent++
      yield Buffer.alloc(65_536, 'y')
    }
  }
  const error = await errorOf(readCsv(endless(), OPTIONS, new MemorySink()))
  expect(error).toMatchObject({ code: 'line-too-long', row: 3 })
  expect(sent).toBeLessThan(80)
})

test('a header without end is refused too', async () => {
  async function* endless(): AsyncGenerator<Uint8Array, void> {
    for (;;) yield Buffer.alloc(65_536, 'y')
  }
  const error = await errorOf(readCsv(endless(), OPTIONS, new MemorySink()))
  expect(error).toMatchObject({ code: 'line-too-long', row: 1 })
})

test('bytes that are not UTF-8 are refused with their line, wherever chunks end', async () => {
  const bad: readonly number[][] = [[0xff], [0xc3, 0x28], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0x80]]
  for (const bytes of bad)
    for (const size of [1, 2, 5, 1000]) {
      const before = Buffer.from('a,label\n1,ü\n')
      const file = Buffer.concat([before, Buffer.from(bytes), Buffer.from(',y\n')])
      expect(await failure(file, {}, size)).toMatchObject({ code: 'not-utf8', row: 3 })
      const atTheEnd = Buffer.concat([before, Buffer.from('2,'), Buffer.from(bytes)])
      expect(await failure(atTheEnd, {}, size)).toMatchObject({ code: 'not-utf8', row: 3 })
    }
})

test('a mistake before the bad bytes is reported first', async () => {
  const file = Buffer.concat([Buffer.from('a,label\nred,x\n'), Buffer.from([0xff])])
  expect(await failure(file)).toMatchObject({ code: 'not-a-number', row: 2 })
})

test.each([
  ['a NUL byte', Buffer.from('a,label\n1,x\0\n'), 'nul-byte', 'row 2 has a NUL byte'],
  ['a PNG', Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), 'not-utf8', 'looks like a PNG image'],
  ['gzip', Buffer.from('\x1f\x8b\x08\0', 'latin1'), 'not-utf8', 'looks like a gzip file'],
  ['a workbook', Buffer.from('PK\x03\x04\x14\0\0\0'), 'nul-byte', 'an Excel workbook'],
  ['UTF-16', Buffer.from('\ufeffa,label\n1,x\n', 'utf16le'), 'not-utf8', 'looks like UTF-16'],
] as const)('%s is refused as what it is', async (_, file, code, message) => {
  const error = await failure(file)
  expect(error).toMatchObject({ code, message: expect.stringContaining(message) })
})

test('reading stops when it is aborted', async () => {
  const controller = new AbortController()
  async function* endless(): AsyncGenerator<Uint8Array, void> {
    yield Buffer.from('a,label\n')
    for (let row = 0; ; row++) {
      if (row === 3) controller.abort(new Error('enough'))
      yield Buffer.from('1,x\n')
    }
  }
  const reading = readCsv(endless(), { ...OPTIONS, signal: controller.signal }, new MemorySink())
  await expect(reading).rejects.toThrow('enough')
})

test('an error of the source or the sink is passed on as it is, and the source is closed', async () => {
  let closed = 0
  async function* source(fails: boolean): AsyncGenerator<Uint8Array, void> {
    try {
      yield Buffer.from('a,label\n1,x\n2,y\n')
      if (fails) throw new Error('connection lost')
    } finally {
      closed++
    }
  }
  await expect(readCsv(source(true), OPTIONS, new MemorySink())).rejects.toThrow('connection lost')
  const full = { write: () => Promise.reject(new Error('disk full')) }
  await expect(readCsv(source(false), OPTIONS, full)).rejects.toThrow('disk full')
  expect(closed).toBe(2)
})

test('the source waits for the sink', async () => {
  let waiting = 0
  let most = 0
  let produced = 0
  const line = Buffer.from(`1,${'2,'.repeat(997)}x\n`.repeat(40))
  async function* source(): AsyncGenerator<Uint8Array, void> {
    yield Buffer.from(`${Array.from({ length: 998 }, (_, index) => `c${index}`).join()},label\n`)
    for (let piece = 0; piece < 50; piece++) {
      produced++
      yield line
    }
    yield Buffer.from(`${'1,'.repeat(998)}y\n`)
  }
  const sink = {
    async write(): Promise<void> {
      waiting++
      const before = produced
      await new Promise((resolve) => setImmediate(resolve))
      most = Math.max(most, waiting, produced - before)
      waiting--
    },
  }
  await readCsv(source(), { ...OPTIONS, maxRows: 1e6 }, sink)
  expect(most).toBe(1)
})

test('a group column is no feature, and becomes an index in the order in which groups come up', async () => {
  const file = 'a,patient,label,b\n1,zoe,x,2\n3, amy ,y,4\n5,zoe,y,6\n7,"bo\nb",x,8\n'
  for (const size of [1, 1000]) {
    const got = await read(file, { groupColumn: 'patient' }, size)
    expect(got).toMatchObject({
      inputShape: [2],
      features: [1, 2, 3, 4, 5, 6, 7, 8],
      profile: { featureNames: ['a', 'b'] },
      groups: { column: 'patient', count: 3, largest: 2, ofClass: [2, 2] },
    })
    expect([...(got.groups?.ofRow ?? [])]).toEqual([0, 1, 0, 2])
  }
  expect((await read('a,label\n1,x\n2,y\n')).groups).toBeNull()
})

test.each([
  ['a,label\n1,x\n2,y\n', 'patient', 'group-column-missing', 'the file has "a", "label"'],
  ['a,label\n1,x\n2,y\n', 'label', 'group-is-label', 'both the label and the group'],
  ['a,g,label\n1,,x\n2,1,y\n', 'g', 'empty-group', 'row 2, column "g"'],
  ['a,g,label\n1,1,x\n2,1,y\n', 'g', 'one-group', 'all 2 rows'],
  [`a,g,label\n1,${'n'.repeat(201)},x\n`, 'g', 'group-too-long', '201 characters'],
  ['g,label\n1,x\n2,y\n', 'g', 'no-features', 'the group column "g"'],
])('groups that cannot be are refused: %j by %s', async (file, groupColumn, code, message) => {
  const error = await failure(file, { groupColumn })
  expect(error.code).toBe(code)
  expect(error.message).toContain(message)
})
