/** Teachers of other frameworks: kept as they came, because their own library runs them. */
import { createReadStream } from 'node:fs'
import type { ModelProbe, ProbedModel } from '../domain/model-probe.ts'
import type { BlobStore, StoredBlob } from '../domain/ports.ts'
import { openArchive } from '../models/archive.ts'
import { ModelError } from '../models/model-error.ts'
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

interface Ports {
  readonly blobs: BlobStore
  readonly probe: ModelProbe
}

const LIBRARIES = { onnx: 'onnxruntime', 'saved-model': 'TensorFlow' } as const

/** @throws ModelError when its own library does not run it */
async function tryOut(probe: ModelProbe, model: ProbedModel) {
  const outcome = await probe.probe(model)
  switch (outcome.kind) {
    case 'answers':
      return { graph: { ...model.graph, taps: outcome.taps }, notes: [] }
    case 'refused':
      throw new ModelError(outcome.code, outcome.message)
    case 'not-tried':
      return {
        graph: model.graph,
        notes: [
          `the model was checked but not tried out, because ${LIBRARIES[model.kind]} is not installed beside the API: a job will show whether it runs`,
        ],
      }
  }
}

/** What both have in common once they are read. */
async function keep({ blobs, probe }: Ports, model: ProbedModel, { settings }: ModelUpload) {
  const { classes, inputShape } = model.graph
  requireClassNames(settings.classNames, classes)
  const normalization = normalizationFrom(settings, inputShape.at(-1) ?? 1)
  const { graph, notes } = await tryOut(probe, model)
  const file: StoredBlob = await storeBlob(blobs, createReadStream(model.path))
  return {
    file,
    form: { graph, normalization, modelSha256: file.sha256 },
    rest: { classes, classNames: settings.classNames },
    notes,
  }
}

/** @throws ModelError when it is no ONNX model that is run here */
export async function importOnnx(
  ports: Ports,
  path: string,
  upload: ModelUpload,
): Promise<ImportedTeacher> {
  const layout = inputLayoutFrom(upload.settings)
  const { graph, notes } = await readOnnx(path, { layout, output: upload.settings.output })
  const kept = await keep(ports, { kind: 'onnx', path, graph }, upload)
  return {
    form: { kind: 'onnx', ...kept.form },
    files: { onnx: kept.file },
    ...kept.rest,
    notes: [...notes, ...kept.notes],
  }
}

/** @throws ModelError when it is no SavedModel that is run here */
export async function importSavedModel(
  ports: Ports,
  path: string,
  upload: ModelUpload,
): Promise<ImportedTeacher> {
  const { output, signature } = upload.settings
  const archive = await openArchive(path)
  try {
    const choices = { layout: inputLayoutFrom(upload.settings), output, signature }
    const { graph, part, notes } = await readSavedModel(archive, choices)
    const kept = await keep(ports, { kind: 'saved-model', path, graph, part }, upload)
    return {
      form: { kind: 'saved-model', part, ...kept.form },
      files: { savedmodel: kept.file },
      ...kept.rest,
      notes: [...notes, ...kept.notes],
    }
  } finally {
    archive.close()
  }
}
