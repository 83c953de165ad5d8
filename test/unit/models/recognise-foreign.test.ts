/** Uploads of other frameworks are known by their first bytes, whatever they are called. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { recogniseUpload } from '../../../src/models/recognise-upload.ts'
import { onnx } from './onnx/build-onnx.ts'
import { savedModel, zipOf } from './saved-model/build-saved-model.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'recognise-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function recognise(bytes: Uint8Array, name = 'body') {
  const file = path.join(folder, 'upload')
  await writeFile(file, bytes)
  return recogniseUpload(new Map([[name, file]]))
}

test('an ONNX model is known by its bytes, and a damaged one by its name', async () => {
  expect(await recognise(onnx())).toMatchObject({ kind: 'onnx' })
  expect(await recognise(new Uint8Array([1, 2, 3]), 'model.ONNX')).toMatchObject({ kind: 'onnx' })
})

test('an ONNX model that comes with its external data is taken to say so', async () => {
  const files = new Map([
    ['model.onnx.data', '/data'],
    ['model.onnx', '/model'],
  ])
  expect(await recogniseUpload(files)).toEqual({ kind: 'onnx', path: '/model' })
})

test('a zip with a saved_model.pb anywhere is a SavedModel', async () => {
  const file = path.join(folder, 'model.zip')
  await zipOf(file, { 'some/folder/saved_model.pb': savedModel() })
  expect(await recogniseUpload(new Map([['body', file]]))).toEqual({
    kind: 'saved-model',
    path: file,
  })
})

test.each([
  ['saved_model.pb alone', savedModel(), /zip of the whole folder/],
  ['a tar.gz', gzipSync('saved_model.pb'), /send the folder as a zip/],
  ['garbage', Uint8Array.from({ length: 100 }, (_, index) => 255 - index), /no model format/],
])('%s is refused with what to do', async (_what, bytes, words) => {
  await expect(recognise(bytes)).rejects.toMatchObject({
    code: 'model-not-readable',
    message: expect.stringMatching(words),
  })
})
