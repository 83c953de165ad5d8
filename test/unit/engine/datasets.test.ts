import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readDataset, readMatrix } from '../../../workers/engine/datasets.ts'
import { gatherRows } from '../../../workers/engine/gather.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'datasets-'))
afterAll(() => rmSync(folder, { recursive: true }))

const written = (name: string, data: Uint8Array | Float32Array | Int32Array): string => {
  const file = path.join(folder, name)
  writeFileSync(file, data)
  return file
}
const files = (features: Uint8Array | Float32Array, labels: number[]) => ({
  rows: 2,
  inputShape: [3],
  classes: 2,
  featureType: features instanceof Uint8Array ? ('uint8' as const) : ('float32' as const),
  featuresPath: written('features', features),
  labelsPath: written('labels', Int32Array.from(labels)),
})

test('bytes stay bytes, floats floats', async () => {
  const bytes = await readDataset(files(Uint8Array.of(1, 2, 3, 4, 5, 255), [0, 1]))
  expect(bytes.values).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 255))
  expect(bytes.labels).toEqual(Int32Array.of(0, 1))
  const floats = Float32Array.of(1.5, 2, 3, 4, 5, -6)
  expect((await readDataset(files(floats, [0, 1]))).values).toEqual(floats)
})

test.each([
  ['features that are too short', Uint8Array.of(1, 2, 3), [0, 1], 'file-length', '6'],
  ['labels that are too many', new Uint8Array(6), [0, 1, 0], 'file-length', 'labels'],
  ['a class that there is not', new Uint8Array(6), [0, 2], 'label-out-of-range', 'row 1'],
  ['a negative class', new Uint8Array(6), [-1, 0], 'label-out-of-range', 'row 0'],
  [
    'a feature that is not a number',
    Float32Array.of(0, 0, 0, 0, Number.NaN, 0),
    [0, 1],
    'feature-not-finite',
    'row 1, feature 1',
  ],
])('%s: refused, with the place', async (_, features, labels, code, place) => {
  await expect(readDataset(files(features, labels))).rejects.toMatchObject({
    name: 'InputError',
    code,
    message: expect.stringContaining(place),
  })
})

test('a missing file and a matrix of another shape are named', async () => {
  await expect(readMatrix('/nowhere/at/all', 1, 1, 'teacher logits')).rejects.toMatchObject({
    code: 'file-missing',
    message: expect.stringContaining('teacher logits'),
  })
  const file = written('logits', Float32Array.of(1, 2, 3))
  await expect(readMatrix(file, 2, 2, 'teacher logits')).rejects.toMatchObject({
    code: 'file-length',
  })
})

test('rows of a matrix come out in the order asked for', () => {
  expect([...gatherRows(Float32Array.of(1, 2, 3, 4, 5, 6), 2, Uint32Array.of(2, 0))]).toEqual([
    5, 6, 1, 2,
  ])
})
