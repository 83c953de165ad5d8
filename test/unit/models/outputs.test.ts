import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, expect, test } from 'vitest'
import { ZipFile } from 'yazl'
import { NPY_HEADER_BYTES, npyHeader } from '../../../src/domain/npy-header.ts'
import { logitsFile, type OutputKind } from '../../../src/models/outputs/check-outputs.ts'
import { openNpy } from '../../../src/models/outputs/npy.ts'
import { openOutputs } from '../../../src/models/outputs/open-outputs.ts'
import { float32 } from '../../support/safetensors-file.ts'
import { collect } from './memory-source.ts'

/** As numpy.save writes it: version 1.0. */
function npy(descr: string, shape: string, bytes: Uint8Array, fortran = 'False'): Buffer {
  const text = `{'descr': ${descr}, 'fortran_order': ${fortran}, 'shape': ${shape}, }`
  const padded = `${text.padEnd(117)}\n`
  const prefix = Buffer.from('\x93NUMPY\x01\x00\0\0', 'latin1')
  prefix.writeUInt16LE(padded.length, 8)
  return Buffer.concat([prefix, Buffer.from(padded), bytes])
}

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function logits(file: Buffer, kind: OutputKind = 'logits', size = 7) {
  const matrix = await openNpy(inPieces(file, size), 'logits')
  const check = { looksLikeProbabilities: true }
  const bytes = await collect(logitsFile(matrix, kind, 'logits', check))
  return {
    header: bytes.subarray(0, NPY_HEADER_BYTES),
    values: [...new Float32Array(new Uint8Array(bytes.subarray(NPY_HEADER_BYTES)).buffer)],
    check,
  }
}
const NUMBERS = [0.5, -2, 3, 4.25, 5, -6.5]

test.each([
  ['<f2', new Uint8Array(Float16Array.from(NUMBERS).buffer)],
  ['<f4', float32(NUMBERS)],
  ['<f8', new Uint8Array(Float64Array.from(NUMBERS).buffer)],
])('%s becomes float32, however the stream is cut', async (descr, bytes) => {
  for (const size of [1, 7, 1000]) {
    const read = await logits(npy(`'${descr}'`, '(2, 3)', bytes), 'logits', size)
    expect(read.values).toEqual(NUMBERS)
    expect(read.header).toEqual(Buffer.from(npyHeader(2, 3)))
    expect(read.check.looksLikeProbabilities).toBe(false)
  }
})

test('our header is the one that NumPy describes: magic, version, length, dictionary, newline', () => {
  const header = Buffer.from(npyHeader(1797, 10))
  expect(header.length).toBe(128)
  expect(header.subarray(0, 8).toString('latin1')).toBe('\x93NUMPY\x01\x00')
  expect(header.readUInt16LE(8)).toBe(118)
  expect(header.subarray(10).toString().trim()).toBe(
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1797, 10), }",
  )
  expect(header.at(-1)).toBe(0x0a)
})

test('probabilities become their logarithms, and 0 that of the smallest', async () => {
  const bytes = float32([0.25, 0.75, 0, 1])
  const { values } = await logits(npy("'<f4'", '(2, 2)', bytes), 'probabilities')
  for (const [index, want] of [Math.log(0.25), Math.log(0.75), Math.log(1e-7), 0].entries())
    expect(values[index]).toBeCloseTo(want, 6)
})

test('logits that look like probabilities are noticed', async () => {
  const read = (values: number[]) => logits(npy("'<f4'", '(2, 2)', float32(values)))
  expect((await read([0.25, 0.75, 0, 1])).check.looksLikeProbabilities).toBe(true)
  expect((await read([0.25, 0.75, 0.1, 0.1])).check.looksLikeProbabilities).toBe(false)
})

const plain = float32(NUMBERS)
test.each<[string, Buffer, OutputKind, string, RegExp]>([
  ['no array', Buffer.from('hello, world'), 'logits', 'npy-not-valid', /does not begin/],
  ['nothing', Buffer.alloc(0), 'logits', 'npy-not-valid', /does not begin/],
  [
    'a cut header',
    npy("'<f4'", '(2, 3)', plain).subarray(0, 40),
    'logits',
    'npy-not-valid',
    /ends/,
  ],
  [
    'version 9',
    Buffer.from('\x93NUMPY\x09\x00\0\0', 'latin1'),
    'logits',
    'npy-not-valid',
    /version 9/,
  ],
  [
    'a header of 4 GB',
    Buffer.from('\x93NUMPY\x02\x00\xff\xff\xff\xff', 'latin1'),
    'logits',
    'npy-not-valid',
    /4294967295 bytes/,
  ],
  ['objects', npy("'|O'", '(2, 3)', plain), 'logits', 'npy-dtype-not-supported', /pickle.*float32/],
  [
    'big-endian floats',
    npy("'>f4'", '(2, 3)', plain),
    'logits',
    'npy-dtype-not-supported',
    /">f4"/,
  ],
  ['records', npy("[('a', '<f4')]", '(2, 3)', plain), 'logits', 'npy-not-valid', /plain array/],
  [
    'Fortran order',
    npy("'<f4'", '(2, 3)', plain, 'True'),
    'logits',
    'npy-fortran-order',
    /ascontiguousarray/,
  ],
  ['a vector', npy("'<f4'", '(6,)', plain), 'logits', 'outputs-shape-mismatch', /\[6\]/],
  ['three axes', npy("'<f4'", '(1, 2, 3)', plain), 'logits', 'outputs-shape-mismatch', /1, 2, 3/],
  [
    'a size that cannot be',
    npy("'<f4'", '(9007199254740991, 9007199254740991)', plain),
    'logits',
    'outputs-shape-mismatch',
    /\[rows, classes\]/,
  ],
  [
    'fewer numbers than rows',
    npy("'<f4'", '(3, 3)', plain),
    'logits',
    'npy-truncated',
    /24 bytes.*needs 36/,
  ],
  ['more numbers than rows', npy("'<f4'", '(1, 3)', plain), 'logits', 'npy-too-long', /\[1, 3\]/],
  [
    'NaN',
    npy("'<f4'", '(2, 3)', float32([1, 2, 3, 4, Number.NaN, 6])),
    'logits',
    'output-not-finite',
    /row 1, column 1 is NaN/,
  ],
  [
    'infinity in float32',
    npy("'<f8'", '(1, 2)', new Uint8Array(Float64Array.from([0, -1e40]).buffer)),
    'logits',
    'output-not-finite',
    /row 0, column 1 is -Infinity/,
  ],
  [
    'a negative probability',
    npy("'<f4'", '(1, 2)', float32([1.25, -0.25])),
    'probabilities',
    'probability-out-of-range',
    /row 0, column 0 is 1.25.*represents=logits/,
  ],
  [
    'probabilities of another sum',
    npy("'<f4'", '(2, 2)', float32([0.5, 0.5, 0.5, 0.25])),
    'probabilities',
    'probabilities-do-not-sum-to-one',
    /row 1 sums to 0.75/,
  ],
])('%s is refused', async (_, file, kind, code, message) => {
  await expect(logits(file, kind)).rejects.toMatchObject({
    name: 'ModelError',
    code,
    message: expect.stringMatching(message),
  })
})

const folder = mkdtempSync(path.join(tmpdir(), 'outputs-'))
afterAll(() => rmSync(folder, { recursive: true }))
const files = (...names: string[]) =>
  new Map(
    names.map((name) => {
      const file = path.join(folder, name)
      writeFileSync(file, npy("'<f4'", '(2, 3)', plain))
      return [name, file]
    }),
  )

test('arrays say by their names what they are; a bare one needs the setting', async () => {
  const named = await openOutputs(files('probabilities.npy', 'test.npy'), false, null)
  expect(named).toMatchObject({ represents: 'probabilities', name: 'probabilities' })
  expect(named.test).not.toBeNull()
  const bare = await openOutputs(files('body'), false, 'logits')
  expect(bare).toMatchObject({ represents: 'logits', test: null })
  expect((await openNpy(bare.main(), 'body')).rows).toBe(2)
  const refusal = (given: Map<string, string>, represents: OutputKind | null = null) =>
    openOutputs(given, false, represents).catch((error: { code: string }) => error.code)
  expect(await refusal(files('body'))).toBe('outputs-kind-missing')
  expect(await refusal(files('logits.npy', 'probabilities.npy'))).toBe('outputs-ambiguous')
  expect(await refusal(files('test.npy'))).toBe('outputs-ambiguous')
  expect(await refusal(files('logits.npy'), 'probabilities')).toBe('outputs-ambiguous')
})

test('an .npz is read by the names of its arrays', async () => {
  const zip = new ZipFile()
  for (const name of ['logits', 'test']) zip.addBuffer(npy("'<f4'", '(2, 3)', plain), `${name}.npy`)
  zip.end()
  const file = path.join(folder, 'outputs.npz')
  writeFileSync(file, await buffer(zip.outputStream))
  const source = await openOutputs(new Map([['body', file]]), true, null)
  expect(source.represents).toBe('logits')
  for (const array of [source.main(), source.test?.() ?? inPieces(plain, 1)])
    expect((await openNpy(array, 'a')).columns).toBe(3)
  source.close()
})
