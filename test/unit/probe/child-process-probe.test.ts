import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { ModelProbe, ProbedModel } from '../../../src/domain/model-probe.ts'
import { openArchive } from '../../../src/models/archive.ts'
import { readOnnx } from '../../../src/models/onnx/read-onnx.ts'
import { readSavedModel } from '../../../src/models/saved-model/read-saved-model.ts'
import { childProcessProbe } from '../../../src/probe/child-process-probe.ts'
import { message } from '../../support/protobuf.ts'
import { node, onnx, value } from '../models/onnx/build-onnx.ts'

const FIXTURES = path.resolve(import.meta.dirname, '../../fixtures')
const probeWith = (script: string): ModelProbe =>
  childProcessProbe({
    script: new URL(script, import.meta.url),
    environment: { PATH: process.env.PATH },
  })
const probe = probeWith('../../../workers/probe-model.ts')

async function onnxModel(file: string): Promise<ProbedModel> {
  const { graph } = await readOnnx(file, { layout: null, output: null })
  return { kind: 'onnx', path: file, graph }
}
/** AttributeProto: an integer, type INT. */
const AXIS = message([1, 'axis'], [3, 1], [20, 2])
const CONVNET = path.join(FIXTURES, 'onnx/convnet.onnx')

test('a good ONNX model answers, with the shapes of its taps as they were seen', async () => {
  const model = await onnxModel(CONVNET)
  const unknown = model.graph.taps.map(({ name }) => ({ name, shape: null }))
  const outcome = await probe.probe({ ...model, graph: { ...model.graph, taps: unknown } })
  expect(outcome).toEqual({ kind: 'answers', taps: model.graph.taps })
})

test('a good SavedModel answers', async () => {
  const file = path.join(FIXTURES, 'saved-model/mlp-softmax.zip')
  const archive = await openArchive(file)
  const choices = { layout: null, output: null, signature: null }
  const { graph, part } = await readSavedModel(archive, choices)
  archive.close()
  const outcome = await probe.probe({ kind: 'saved-model', path: file, graph, part })
  expect(outcome).toEqual({ kind: 'answers', taps: [] })
})

test('a model with other logits than it promises is refused', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'probe-'))
  try {
    const file = path.join(folder, 'model.onnx')
    const nodes = [node('Concat', ['x', 'x'], ['y'], [5, AXIS])]
    await writeFile(file, onnx({ nodes, outputs: [value('y', ['batch', 3])] }))
    expect(await probe.probe(await onnxModel(file))).toMatchObject({ kind: 'refused' })
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('a model that takes its process down is refused, and the next one is tried', async () => {
  const model = await onnxModel(CONVNET)
  const crashing = probeWith('./crashing.ts')
  for (const round of [1, 2])
    expect(await crashing.probe(model), `round ${round}`).toMatchObject({
      kind: 'refused',
      code: 'model-crashes',
      message: expect.stringContaining('SIGSEGV'),
    })
})

test('where the library is missing, a model is not tried', async () => {
  const outcome = await probeWith('./without-library.ts').probe(await onnxModel(CONVNET))
  expect(outcome).toEqual({ kind: 'not-tried' })
})
