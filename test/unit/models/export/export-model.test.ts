import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { PRECISIONS, WEIGHT_FORMATS } from '../../../../src/domain/model.ts'
import { VERSION } from '../../../../src/domain/version.ts'
import { exportModel } from '../../../../src/models/export/export-model.ts'
import { MODEL, type ModelProto } from '../../../../src/models/onnx/messages.ts'
import { decode } from '../../../../src/models/protobuf/message.ts'
import { EVERY_LAYER, networkOf } from '../../engine/support.ts'
import { stored } from './stored.ts'
import { unzip } from './unzip.ts'

const network = networkOf([6, 6, 2], EVERY_LAYER)

test('equal models give equal bytes in every format, other models others', async () => {
  const bytes = async (normalize: boolean) => {
    const { model, weights } = await stored(network, { normalize })
    const all = WEIGHT_FORMATS.flatMap((format) =>
      PRECISIONS.map((precision) => [format, precision] as const),
    )
    return Promise.all(
      all.map(async ([format, precision]) =>
        (await buffer(exportModel(model, weights, format, precision))).toString('base64'),
      ),
    )
  }
  const [one, again, other] = [await bytes(true), await bytes(true), await bytes(false)]
  expect(again).toEqual(one)
  expect(new Set([...one, ...other]).size).toBe(2 * one.length)
})

test('every format says what made the model, and which file it was made of', async () => {
  const { model, weights } = await stored(network)
  const named = { ...model, classNames: ['a', 'b', 'c'] }
  const manifest = { seed: 7, safetensorsSha256: model.safetensorsSha256 }

  const file = await buffer(exportModel(named, weights, 'onnx', 'float32'))
  const onnx = decode<ModelProto>(MODEL, new Uint8Array(file))
  const props = Object.fromEntries(onnx.metadataProps?.map(({ key, value }) => [key, value]) ?? [])
  expect(props.format).toBe('distillery-model/1')
  expect(JSON.parse(props.manifest ?? '')).toEqual(manifest)
  expect(JSON.parse(props.classNames ?? '')).toEqual(named.classNames)
  expect(JSON.parse(props.network ?? '')).toEqual(JSON.parse(JSON.stringify(network)))

  const folder = mkdtempSync(path.join(tmpdir(), 'export-'))
  try {
    const json = (name: string) => JSON.parse(readFileSync(path.join(folder, name), 'utf8'))
    await unzip(await buffer(exportModel(named, weights, 'savedmodel', 'float32')), folder)
    expect(json('manifest.json')).toMatchObject({ manifest, classNames: named.classNames })
    await unzip(await buffer(exportModel(named, weights, 'tfjs', 'float32')), folder)
    expect(json('model.json').userDefinedMetadata).toEqual({
      manifest,
      classNames: named.classNames,
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.each(['onnx', 'savedmodel'] as const)(
  'a model of more than 2 GiB is refused as %s before anything is read, and is half as large in halves',
  async (format) => {
    const { model, weights } = await stored(network)
    // 17,000 x 32,000 numbers are 2.18 GB; the weights themselves are not there.
    const large = networkOf([17_000], [{ type: 'dense', units: 32_000 }])
    const refusal = () => exportModel({ ...model, network: large }, weights, format, 'float32')
    expect(refusal).toThrow('ends at 2 GiB')
    const halved = () => exportModel({ ...model, network: large }, weights, format, 'float16')
    expect(halved).toThrow('the file has no tensor called dense_1.kernel')
  },
)

test('the version is that of package.json', () => {
  const file = new URL('../../../../package.json', import.meta.url)
  expect(JSON.parse(readFileSync(file, 'utf8')).version).toBe(VERSION)
})
