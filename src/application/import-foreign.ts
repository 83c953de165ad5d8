/** Teachers of other frameworks: kept as they came, because their own library runs them. */
import { createReadStream } from 'node:fs'
import type { ForeignGraph } from '../domain/foreign-graph.ts'
import type { BlobStore, StoredBlob } from '../domain/ports.ts'
import { openArchive } from '../models/archive.ts'
import { readOnnx } from '../models/onnx/read-onnx.ts'
import { readSavedModel } from '../models/saved-model/read-saved-model.ts'
import {
  type ImportedTeacher,
  inputLayoutFrom,
  type ModelUpload,
  normalizationFrom,
  requireClassNames,
} from './model-upload.ts'
import { storeBlob } from './store-blob.ts'

/** What both have in common once they are read. */
async function keep(blobs: BlobStore, path: string, graph: ForeignGraph, upload: ModelUpload) {
  const { settings } = upload
  requireClassNames(settings.classNames, graph.classes)
  const normalization = normalizationFrom(settings, graph.inputShape.at(-1) ?? 1)
  const file: StoredBlob = await storeBlob(blobs, createReadStream(path))
  return {
    file,
    form: { graph, normalization, modelSha256: file.sha256 },
    rest: { classes: graph.classes, classNames: settings.classNames },
  }
}

/** @throws ModelError when it is no ONNX model that is run here */
export async function importOnnx(
  blobs: BlobStore,
  path: string,
  upload: ModelUpload,
): Promise<ImportedTeacher> {
  const layout = inputLayoutFrom(upload.settings)
  const { graph, notes } = await readOnnx(path, { layout, output: upload.settings.output })
  const { file, form, rest } = await keep(blobs, path, graph, upload)
  return { form: { kind: 'onnx', ...form }, files: { onnx: file }, ...rest, notes }
}

/** @throws ModelError when it is no SavedModel that is run here */
export async function importSavedModel(
  blobs: BlobStore,
  path: string,
  upload: ModelUpload,
): Promise<ImportedTeacher> {
  const { output, signature } = upload.settings
  const archive = await openArchive(path)
  try {
    const choices = { layout: inputLayoutFrom(upload.settings), output, signature }
    const { graph, part, notes } = await readSavedModel(archive, choices)
    const { file, form, rest } = await keep(blobs, path, graph, upload)
    return {
      form: { kind: 'saved-model', part, ...form },
      files: { 'saved-model': file },
      ...rest,
      notes,
    }
  } finally {
    archive.close()
  }
}
