/** Upload, read and delete models. */
import type { Model } from '../domain/model.ts'
import type { ModelProbe } from '../domain/model-probe.ts'
import type {
  BlobStore,
  DatasetStore,
  Identifiers,
  ModelStore,
  Page,
  PageRequest,
} from '../domain/ports.ts'
import { Problem } from '../domain/problems.ts'
import { recogniseUpload } from '../models/recognise-upload.ts'
import { importOnnx, importSavedModel } from './import-foreign.ts'
import { importLayersModel, importSafetensors } from './import-network.ts'
import { importOutputs } from './import-outputs.ts'
import { type ImportedTeacher, type ModelUpload, refuseForeignSettings } from './model-upload.ts'

interface Ports {
  readonly models: ModelStore
  readonly datasets: DatasetStore
  readonly blobs: BlobStore
  readonly ids: Identifiers
  readonly probe: ModelProbe
}

export type ModelService = ReturnType<typeof createModelService>

export function createModelService({ models, datasets, blobs, ids, probe }: Ports) {
  async function get(id: string): Promise<Model> {
    const model = await models.get(id)
    if (!model) throw new Problem('model-not-found', `There is no model ${id}.`)
    return model
  }

  async function importTeacher(upload: ModelUpload): Promise<ImportedTeacher> {
    const recognised = await recogniseUpload(upload.files)
    refuseForeignSettings(recognised.kind, upload.settings)
    switch (recognised.kind) {
      case 'layers-model':
        return importLayersModel(blobs, recognised.files, recognised.isZip, upload)
      case 'safetensors':
        return importSafetensors(blobs, recognised, upload)
      case 'outputs':
        return importOutputs({ blobs, datasets }, recognised, upload)
      case 'onnx':
        return importOnnx({ blobs, probe }, recognised.path, upload)
      case 'saved-model':
        return importSavedModel({ blobs, probe }, recognised.path, upload)
    }
  }

  return {
    get,
    list: (page: PageRequest): Promise<Page<Model>> => models.list(page),

    /** @throws ModelError when it is nothing that this service can ask for logits */
    async upload(upload: ModelUpload): Promise<{ model: Model; notes: readonly string[] }> {
      const { notes, ...imported } = await importTeacher(upload)
      const model: Model = {
        id: ids.create('mdl'),
        name: upload.name,
        source: 'upload',
        ...imported,
        lineage: null,
        createdAt: new Date(),
      }
      await models.create(model)
      return { model, notes }
    },

    async remove(id: string): Promise<void> {
      const outcome = await models.remove(id)
      if (outcome.kind === 'not-found')
        throw new Problem('model-not-found', `There is no model ${id}.`)
      if (outcome.kind === 'in-use')
        throw new Problem(
          'in-use',
          `Jobs that have not ended use ${id}: ${outcome.jobs.join(', ')}. Cancel them first.`,
        )
    },
  }
}
