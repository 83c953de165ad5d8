/** Models of PyTorch and Keras as a trainer is given them. */
import path from 'node:path'
import type { Normalization } from '../../../../src/domain/model.ts'
import { openArchive } from '../../../../src/models/archive.ts'
import { readOnnx } from '../../../../src/models/onnx/read-onnx.ts'
import { readSavedModel } from '../../../../src/models/saved-model/read-saved-model.ts'

export const FIXTURES = path.resolve(import.meta.dirname, '../../../fixtures')

export async function onnxFiles(name: string, normalization: Normalization | null = null) {
  const modelPath = path.join(FIXTURES, 'onnx', `${name}.onnx`)
  const { graph } = await readOnnx(modelPath, { layout: null, output: null })
  return { kind: 'onnx', graph, normalization, modelPath } as const
}

export async function savedModelFiles(name: string, signature: string | null = null) {
  const modelPath = path.join(FIXTURES, 'saved-model', `${name}.zip`)
  const archive = await openArchive(modelPath)
  const choices = { layout: null, output: null, signature }
  const { graph, part } = await readSavedModel(archive, choices)
  archive.close()
  return { kind: 'saved-model', graph, part, normalization: null, modelPath } as const
}
