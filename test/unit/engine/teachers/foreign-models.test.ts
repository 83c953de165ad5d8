/** Models of PyTorch and Keras answer here as they did there; see test/fixtures/generate. */
import { readFileSync } from 'node:fs'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ForeignGraph } from '../../../../src/domain/foreign-graph.ts'
import { elements } from '../../../../src/domain/network.ts'
import { predictOnnx } from '../../../../workers/engine/teachers/onnx.ts'
import { openTeacher } from '../../../../workers/engine/teachers/open-teacher.ts'
import type { DatasetFiles, TeacherFiles } from '../../../../workers/trainer-contract.ts'
import { FIXTURES, onnxFiles, savedModelFiles } from './foreign-files.ts'

/** Libraries add up in different orders: no more than this, of logits of size 1 to 100. */
const DIGITS = 5

interface Answers {
  readonly rows: number[]
  readonly logits: number[]
  readonly tap?: { readonly name: string; readonly values: number[] }
}
const answers = (name: string): Answers =>
  JSON.parse(readFileSync(path.join(FIXTURES, `${name}.json`), 'utf8'))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'foreign-models-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function dataset(graph: ForeignGraph, rows: readonly number[]): Promise<DatasetFiles> {
  const count = rows.length / elements(graph.inputShape)
  const featuresPath = path.join(folder, 'features')
  const labelsPath = path.join(folder, 'labels')
  await writeFile(featuresPath, Float32Array.from(rows))
  await writeFile(labelsPath, new Int32Array(count))
  const { inputShape, classes } = graph
  return { rows: count, inputShape, classes, featureType: 'float32', featuresPath, labelsPath }
}

async function logitsOf(
  teacher: TeacherFiles & { readonly graph: ForeignGraph },
  rows: readonly number[],
  signal = new AbortController().signal,
): Promise<Float32Array> {
  const files = await dataset(teacher.graph, rows)
  await using open = await openTeacher(teacher, { scratchDirectory: folder, threads: 1 })
  return await open.logits('dataset', files, signal)
}

function expectClose(found: Float32Array, wanted: readonly number[]): void {
  expect(found).toHaveLength(wanted.length)
  for (const [index, value] of wanted.entries())
    expect(Math.abs((found[index] ?? Number.NaN) - value)).toBeLessThan(10 ** -DIGITS)
}

const CONVNET = answers('onnx/convnet')
const KERAS = answers('saved-model/convnet')

test('an ONNX model of channels first answers rows of channels last as PyTorch does', async () => {
  expectClose(await logitsOf(await onnxFiles('convnet'), CONVNET.rows), CONVNET.logits)
})

test('an ONNX model made for two rows at a time answers five, the last padded', async () => {
  expectClose(await logitsOf(await onnxFiles('convnet-two-rows'), CONVNET.rows), CONVNET.logits)
})

test('the logits before the softmax of an ONNX model are those of PyTorch', async () => {
  const { rows, logits } = answers('onnx/mlp-softmax')
  expectClose(await logitsOf(await onnxFiles('mlp-softmax'), rows), logits)
})

test('more rows than a batch has come in their order', async () => {
  const many = Array.from({ length: 40 }, () => CONVNET.rows).flat()
  const logits = await logitsOf(await onnxFiles('convnet'), many)
  expectClose(logits, Array.from({ length: 40 }, () => CONVNET.logits).flat())
})

test('raw rows are normalized before an ONNX model', async () => {
  const normalization = { mean: [1, 2, 3], standardDeviation: [2, 4, 0.5] }
  const raw = CONVNET.rows.map(
    (value, index) =>
      value * (normalization.standardDeviation[index % 3] ?? 1) +
      (normalization.mean[index % 3] ?? 0),
  )
  const logits = await logitsOf(await onnxFiles('convnet', normalization), raw)
  for (const [index, value] of CONVNET.logits.entries()) expect(logits[index]).toBeCloseTo(value, 4)
})

test('a tensor inside an ONNX model is what PyTorch computed there', async () => {
  const teacher = await onnxFiles('convnet')
  const { tap, rows, logits } = CONVNET
  const values = Float32Array.from(rows)
  const data = { count: 5, shape: [7, 6, 3], width: 126, values }
  const signal = new AbortController().signal
  const read = await predictOnnx(teacher, data, [tap?.name ?? '', 'logits'], 1, signal)
  const found = read.taps.get(tap?.name ?? '')
  expect(found?.shape).toEqual([6, 7, 6])
  expect(teacher.graph.taps).toContainEqual({ name: tap?.name, shape: [6, 7, 6] })
  expectClose(found?.values ?? new Float32Array(0), tap?.values ?? [])
  expectClose(read.logits, logits)
  expect(read.taps.get('logits')?.values).toEqual(read.logits)
})

test.each(['serving_default', 'serve'])(
  'signature %s of a SavedModel answers as Keras does',
  async (signature) => {
    expectClose(
      await logitsOf(await savedModelFiles('convnet', signature), KERAS.rows),
      KERAS.logits,
    )
  },
)

test('the logits before the softmax of a SavedModel are those of Keras', async () => {
  const { rows, logits } = answers('saved-model/mlp-softmax')
  expectClose(await logitsOf(await savedModelFiles('mlp-softmax'), rows), logits)
})

test('what is unpacked of a SavedModel is removed again', async () => {
  await logitsOf(await savedModelFiles('convnet'), KERAS.rows)
  expect((await readdir(folder)).sort()).toEqual(['features', 'labels'])
})

test.each(['onnx', 'saved-model'])(
  'a prediction of a model of form %s can be stopped',
  async (kind) => {
    const teacher = kind === 'onnx' ? await onnxFiles('convnet') : await savedModelFiles('convnet')
    const reason = new Error('stop')
    await expect(logitsOf(teacher, CONVNET.rows, AbortSignal.abort(reason))).rejects.toBe(reason)
  },
)

test('a model that does not fit the dataset is refused in words', async () => {
  const teacher = await onnxFiles('convnet')
  const files = { ...(await dataset(teacher.graph, CONVNET.rows)), inputShape: [6, 7, 3] }
  await using open = await openTeacher(teacher, { scratchDirectory: folder, threads: 1 })
  await expect(open.logits('dataset', files, new AbortController().signal)).rejects.toMatchObject({
    code: 'model-does-not-fit',
    message: expect.stringContaining('[7, 6, 3]'),
  })
})

test('a model that onnxruntime does not take is an error of the user', async () => {
  const teacher = { ...(await onnxFiles('convnet')), modelPath: path.join(folder, 'garbage') }
  const bytes = readFileSync(path.join(FIXTURES, 'onnx/convnet.onnx'))
  // The kernel of a convolution as wide as the image of another: shapes that do not fit are onnxruntime's to find.
  const at = bytes.indexOf('kernel_shape')
  expect(at).toBeGreaterThan(0)
  bytes[bytes.indexOf(3, at + 12)] = 7
  await writeFile(teacher.modelPath, bytes)
  await expect(logitsOf(teacher, CONVNET.rows)).rejects.toMatchObject({ code: 'onnx-refused' })
  await rm(teacher.modelPath)
})
