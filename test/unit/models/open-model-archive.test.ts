import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { deflateRawSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ZipFile } from 'yazl'
import { ARCHIVE_LIMITS } from '../../../src/models/archive.ts'
import { openModelFiles } from '../../../src/models/model-source.ts'
import { openModelArchive } from '../../../src/models/open-model-archive.ts'
import { readLayersModel } from '../../../src/models/read-layers-model.ts'
import { safetensorsStream } from '../../../src/models/to-safetensors.ts'
import { collect } from './memory-source.ts'
import { parseSafetensors } from './parse-safetensors.ts'
import { save, scramble, tf } from './tfjs.ts'

let folder = ''
let made = 0
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'models-'))
})
afterAll(() => rm(folder, { recursive: true }))

const onDisk = async (bytes: Uint8Array): Promise<string> => {
  const path = join(folder, `${made++}.zip`)
  await writeFile(path, bytes)
  return path
}

type Entries = Record<string, string | Uint8Array>

function zipOf(entries: Entries, options: { mode?: number; compress?: boolean } = {}) {
  const zip = new ZipFile()
  for (const [name, content] of Object.entries(entries))
    zip.addBuffer(Buffer.from(content), name, options)
  zip.end()
  return buffer(zip.outputStream)
}

/** Changes every occurrence of a name to another of the same length, in both directories of the zip. */
function renamed(zip: Buffer, from: string, to: string): Buffer {
  if (from.length !== to.length) throw new Error('lengths differ')
  const copy = Buffer.from(zip)
  for (let at = copy.indexOf(from); at >= 0; at = copy.indexOf(from, at + 1)) copy.write(to, at)
  return copy
}

const open = async (zip: Uint8Array, limits = ARCHIVE_LIMITS) => {
  const source = await openModelArchive(await onDisk(zip), limits)
  return source
}

const refused = (code: string, message: RegExp) => ({
  name: 'ModelError',
  code,
  message: expect.stringMatching(message),
})

const tfjsModel = async () =>
  save(
    scramble(
      tf.sequential({ layers: [tf.layers.dense({ inputShape: [40], units: 30, name: 'd' })] }),
    ),
  )

test('a zip with its files in a folder among what macOS adds is read, stored or deflated', async () => {
  const { modelJson, weights } = await tfjsModel()
  for (const compress of [true, false]) {
    const source = await open(
      await zipOf(
        {
          '__MACOSX/deep/er/._model.json': 'junk',
          'deep/.DS_Store': 'junk',
          'deep/er/._weights.bin': 'junk',
          'deep/er/README.txt': 'read me',
          'deep/er/weights.bin': weights,
          'deep/er/model.json': `\ufeff${JSON.stringify(modelJson)}`,
        },
        { compress },
      ),
    )
    const { network, tensors } = readLayersModel(await source.modelJson())
    const file = await collect(safetensorsStream(network, null, tensors, source))
    await source.close()
    await source.close()
    expect([...(parseSafetensors(file).tensors.get('d.kernel')?.values ?? [])]).toEqual([
      ...new Float32Array(weights.buffer, weights.byteOffset, 1200),
    ])
  }
})

test('a model as single files is read the same way, also under the name it was saved by', async () => {
  const { modelJson, weights } = await tfjsModel()
  const source = await openModelFiles(
    new Map([
      ['weights.bin', await onDisk(weights)],
      ['my-model.json', await onDisk(Buffer.from(JSON.stringify(modelJson)))],
    ]),
  )
  const { network, tensors } = readLayersModel(await source.modelJson())
  const file = await collect(safetensorsStream(network, null, tensors, source))
  expect(parseSafetensors(file).tensors.get('d.bias')?.values.length).toBe(30)
  expect(() => source.sizeBytes('other.bin')).toThrow(/"other\.bin".*not sent.*"weights\.bin"/)
  await source.close()
})

test('single files without a model.json are refused with what they look like', async () => {
  const path = await onDisk(Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'))
  await expect(openModelFiles(new Map([['teacher.h5', path]]))).rejects.toMatchObject(
    refused('model-not-readable', /HDF5.*tensorflowjs_converter/),
  )
  await expect(
    openModelFiles(
      new Map([
        ['a.bin', path],
        ['b.bin', path],
      ]),
    ),
  ).rejects.toMatchObject(refused('model-json-missing', /"a\.bin", "b\.bin"/))
})

test.each<[string, Buffer, RegExp]>([
  ['nothing', Buffer.alloc(0), /empty/],
  ['HDF5', Buffer.from('\x89HDF\r\n\x1a\nrest', 'latin1'), /HDF5.*tensorflowjs_converter/],
  ['a pickle', Buffer.from('\x80\x02}q\x00.', 'latin1'), /pickle.*never opened.*\n.*save_file/s],
  ['ONNX', Buffer.from('\x08\x08\x12\x07pytorch', 'latin1'), /ONNX/],
  ['JSON', Buffer.from(' {"format": "layers-model"}'), /JSON alone.*weight files/],
  ['gzip', Buffer.from('\x1f\x8b\x08\x00', 'latin1'), /gzip/],
  ['TensorFlow Lite', Buffer.from('\x1c\x00\x00\x00TFL3', 'latin1'), /Lite/],
  ['a web page', Buffer.from('<!DOCTYPE html><html>'), /HTML/],
  ['noise', Buffer.from('hello, world, this is a model'), /no model format/],
])('%s instead of a zip is named', async (_, bytes, message) => {
  await expect(open(bytes)).rejects.toMatchObject(refused('model-not-readable', message))
})

test.each<[string, Entries, RegExp]>([
  [
    'a .keras file',
    { 'config.json': '{}', 'metadata.json': '{}', 'model.weights.h5': 'x' },
    /Keras 3/,
  ],
  ['a .pt file', { 'archive/data.pkl': 'x', 'archive/data/0': 'x' }, /PyTorch.*pickle.*save_file/s],
  ['zipped safetensors', { 'a.safetensors': 'x' }, /architecture\.json as a form/],
  ['a zipped .h5', { 'a.h5': 'x' }, /HDF5/],
  ['weights alone', { 'weights.bin': 'x' }, /no model\.json.*"weights\.bin"/],
])('%s, a zip without model.json, is named', async (_, entries, message) => {
  await expect(open(await zipOf(entries))).rejects.toMatchObject(
    refused('model-json-missing', message),
  )
})

test('several models in one zip are refused with their names', async () => {
  await expect(
    open(await zipOf({ 'a/model.json': '{}', 'b/model.json': '{}' })),
  ).rejects.toMatchObject(refused('model-json-ambiguous', /"a\/model\.json", "b\/model\.json"/))
})

test('a model under another name is found beside what macOS adds', async () => {
  const source = await open(
    await zipOf({ 'm/mine.json': '{"a":1}', '__MACOSX/m/._mine.json': 'x', 'm/._mine.json': 'x' }),
  )
  expect(await source.modelJson()).toEqual({ a: 1 })
  await source.close()
})

test('a weight file that is named but not there is refused with what is there', async () => {
  const { modelJson } = await tfjsModel()
  const source = await open(
    await zipOf({
      'm/model.json': JSON.stringify(modelJson),
      'm/other.bin': '',
      'weights.bin': '',
    }),
  )
  const { network, tensors } = readLayersModel(await source.modelJson())
  await expect(collect(safetensorsStream(network, null, tensors, source))).rejects.toMatchObject(
    refused('weight-file-missing', /"weights\.bin".*"other\.bin"/),
  )
  await source.close()
})

test.each([
  ['../model.json', /leaves the zip/],
  ['/x/model.json', /absolute/],
  ['C:/model.json', /absolute/],
  ['..\\model.json', /leaves the zip/],
])('an entry called %s is refused', async (name, message) => {
  const harmless = 'x'.repeat(name.length)
  const zip = renamed(await zipOf({ [harmless]: '{}' }), harmless, name)
  await expect(open(zip)).rejects.toMatchObject(refused('zip-not-safe', message))
})

test('a symbolic link is refused', async () => {
  const zip = await zipOf({ 'model.json': '/etc/passwd' }, { mode: 0o120777 })
  await expect(open(zip)).rejects.toMatchObject(refused('zip-not-safe', /symbolic link/))
})

test('two entries of one name are refused', async () => {
  const zip = renamed(
    await zipOf({ 'model.json': '{}', 'model.jsoN': '{}' }),
    'model.jsoN',
    'model.json',
  )
  await expect(open(zip)).rejects.toMatchObject(
    refused('zip-not-safe', /two entries.*"model\.json"/),
  )
})

test('an archive in the archive is refused', async () => {
  const zip = await zipOf({ 'model.json': '{}', 'more.zip': 'x' })
  await expect(open(zip)).rejects.toMatchObject(refused('zip-not-safe', /"more\.zip"/))
})

test('a bomb is refused without being inflated', async () => {
  const zip = await zipOf({ 'model.json': '{}', 'w.bin': Buffer.alloc(20_000_000) })
  await expect(open(zip)).rejects.toMatchObject(
    refused('zip-not-safe', /"w\.bin" inflates.*100 times/),
  )
})

test('a bomb of many small entries is refused', async () => {
  const entries = Object.fromEntries(
    Array.from({ length: 30 }, (_, at) => [`${at}.bin`, Buffer.alloc(1_000_000)]),
  )
  await expect(open(await zipOf({ 'model.json': '{}', ...entries }))).rejects.toMatchObject(
    refused('zip-not-safe', /inflate to more than/),
  )
})

test('too many entries and too many bytes are refused', async () => {
  const zip = await zipOf({ 'model.json': '{}', a: 'x', b: 'x' })
  await expect(open(zip, { ...ARCHIVE_LIMITS, maxEntries: 2 })).rejects.toMatchObject(
    refused('zip-not-safe', /3 entries, at most 2/),
  )
  await expect(open(zip, { ...ARCHIVE_LIMITS, maxInflatedBytes: 3 })).rejects.toMatchObject(
    refused('zip-not-safe', /more than 3 bytes/),
  )
})

test('an entry that says it is smaller than it is, is found while reading', async () => {
  const content = Buffer.alloc(5000, 'ab')
  const zip = await zipOf({ 'model.json': '{}', 'w.bin': content })
  const directory = zip.lastIndexOf('w.bin') - 46
  expect(zip.readUInt32LE(directory)).toBe(0x02014b50)
  zip.writeUInt32LE(100, directory + 24)
  const source = await open(zip)
  await expect(collect(source.shard('w.bin'))).rejects.toMatchObject(
    refused('zip-damaged', /"w\.bin"/),
  )
  await source.close()
})

test('a flipped bit in the weights is found by the checksum', async () => {
  const zip = await zipOf({ 'model.json': '{}', 'w.bin': 'the weights' }, { compress: false })
  zip.write('THE', zip.indexOf('the weights'))
  const source = await open(zip)
  await expect(collect(source.shard('w.bin'))).rejects.toMatchObject(
    refused('zip-damaged', /checksum/),
  )
  await source.close()
})

test('deflated data that is not deflate is found while reading', async () => {
  const content = 'abcdefgh'.repeat(1000)
  const zip = await zipOf({ 'model.json': '{}', 'w.bin': content })
  const data = zip.indexOf(deflateRawSync(content).subarray(0, 6))
  expect(data).toBeGreaterThan(0)
  zip.fill(0xff, data, data + 20)
  const source = await open(zip)
  await expect(collect(source.shard('w.bin'))).rejects.toMatchObject(
    refused('zip-damaged', /"w\.bin"/),
  )
  await source.close()
})

test('a zip cut off anywhere is refused, and never anything else', async () => {
  const zip = await zipOf({ 'model.json': '{}', 'w.bin': 'x'.repeat(50) })
  for (let length = 0; length < zip.length; length++)
    await expect(open(zip.subarray(0, length))).rejects.toMatchObject({ name: 'ModelError' })
})

test('a zip with any byte changed is read or refused, and never anything else', async () => {
  const zip = await zipOf({ 'model.json': '{"a":1}', 'w.bin': 'x'.repeat(50) })
  for (let at = 0; at < zip.length; at++)
    for (const change of [0x01, 0x80, 0xff]) {
      const broken = Buffer.from(zip)
      broken[at] = (broken[at] ?? 0) ^ change
      try {
        const source = await open(broken)
        try {
          await source.modelJson()
          await collect(source.shard('w.bin'))
        } finally {
          await source.close()
        }
      } catch (error) {
        expect(error).toMatchObject({ name: 'ModelError' })
      }
    }
})

test('model.json that is too large, not text or not JSON is refused', async () => {
  const read = async (content: string | Uint8Array) => {
    const source = await open(await zipOf({ 'model.json': content }, { compress: false }))
    await source.modelJson().finally(() => source.close())
  }
  await expect(read(Buffer.alloc(8 * 1024 * 1024 + 1, ' '))).rejects.toMatchObject(
    refused('model-json-too-large', /8388608/),
  )
  await expect(read(Buffer.from([0xff, 0xfe, 0x7b]))).rejects.toMatchObject(
    refused('model-json-not-valid', /not UTF-8/),
  )
  await expect(read('{"a": NaN}')).rejects.toMatchObject(
    refused('model-json-not-valid', /not JSON: .*N/),
  )
})
