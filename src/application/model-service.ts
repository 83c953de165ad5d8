/** Upload, read and delete models. */
import type { Model, Normalization } from '../domain/model.ts'
import { outputShape, parameterCount } from '../domain/network.ts'
import type { BlobStore, Identifiers, ModelStore, Page, PageRequest } from '../domain/ports.ts'
import { Problem } from '../domain/problems.ts'
import { fewestTokens } from '../domain/tokens.ts'
import { exportModel } from '../models/export/export-model.ts'
import { openStoredWeights } from '../models/export/stored-weights.ts'
import { ModelError } from '../models/model-error.ts'
import type { ModelSource } from '../models/model-source.ts'
import { readLayersModel } from '../models/read-layers-model.ts'
import { safetensorsStream } from '../models/to-safetensors.ts'
import { storeBlob } from './store-blob.ts'

interface Ports {
  readonly models: ModelStore
  readonly blobs: BlobStore
  readonly ids: Identifiers
}

export interface ModelUpload {
  readonly name: string
  /** Closed by the caller. */
  readonly source: ModelSource
  /** What the model expects to be done to raw rows before its first layer; one number, or one for each channel. */
  readonly mean: readonly number[] | null
  readonly standardDeviation: readonly number[] | null
  readonly classNames: readonly string[] | null
}

/** One number stands for all channels. */
function spread(
  values: readonly number[] | null,
  channels: number,
  otherwise: number,
  what: string,
) {
  const given = values ?? [otherwise]
  if (given.length !== 1 && given.length !== channels)
    throw new ModelError(
      'normalization-not-valid',
      `\`${what}\` has ${given.length} numbers: give one, or one for each of ${channels} channels`,
    )
  return Array.from({ length: channels }, (_, channel) => given[channel] ?? given[0] ?? otherwise)
}

function normalizationOf(upload: ModelUpload, channels: number): Normalization | null {
  if (!upload.mean && !upload.standardDeviation) return null
  const standardDeviation = spread(upload.standardDeviation, channels, 1, 'inputStandardDeviation')
  if (standardDeviation.some((value) => value <= 0))
    throw new ModelError('normalization-not-valid', '`inputStandardDeviation` must be above 0')
  return { mean: spread(upload.mean, channels, 0, 'inputMean'), standardDeviation }
}

export type ModelService = ReturnType<typeof createModelService>

export function createModelService({ models, blobs, ids }: Ports) {
  async function get(id: string): Promise<Model> {
    const model = await models.get(id)
    if (!model) throw new Problem('model-not-found', `There is no model ${id}.`)
    return model
  }

  return {
    get,
    list: (page: PageRequest): Promise<Page<Model>> => models.list(page),

    /** @throws ModelError when it is not a layers model that this service can run */
    async upload(upload: ModelUpload): Promise<{ model: Model; notes: readonly string[] }> {
      const { network, tensors, notes } = readLayersModel(await upload.source.modelJson())
      const [classes = 0] = outputShape(network)
      if (outputShape(network).length !== 1 || classes < 2)
        throw new ModelError(
          'model-output-not-classes',
          `the model gives [${outputShape(network).join(', ')}]: a classifier gives one logit for each of 2 or more classes`,
        )
      if (upload.classNames && upload.classNames.length !== classes)
        throw new ModelError(
          'class-names-not-valid',
          `${upload.classNames.length} class names for ${classes} classes`,
        )
      const normalization = normalizationOf(upload, network.inputShape.at(-1) ?? 1)
      if (normalization && fewestTokens(network) !== null)
        throw new ModelError(
          'normalization-not-valid',
          'the model has an embedding, which reads token ids as they are: leave `inputMean` and `inputStandardDeviation` out',
        )
      const { classNames } = upload
      const metadata = classNames ? { classNames: JSON.stringify(classNames) } : {}
      const safetensors = await storeBlob(
        blobs,
        safetensorsStream(network, normalization, tensors, upload.source, metadata),
      )
      const { sha256 } = safetensors
      const weights = await openStoredWeights((range) => blobs.read(sha256, range))
      const exported = { network, normalization, classNames, safetensorsSha256: sha256 }
      const zip = exportModel(exported, weights, 'tfjs', 'float32')
      const model: Model = {
        id: ids.create('mdl'),
        name: upload.name,
        source: 'upload',
        network,
        normalization,
        classes,
        classNames,
        parameters: parameterCount(network),
        sizeBytes: safetensors.sizeBytes,
        files: { safetensors, tfjs: await storeBlob(blobs, zip) },
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
