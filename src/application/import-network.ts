/** Teachers that are networks with weights: a layers model of TensorFlow.js, or safetensors with an architecture. */
import { createReadStream } from 'node:fs'
import type { Normalization } from '../domain/model.ts'
import { type Network, outputShape } from '../domain/network.ts'
import type { BlobStore } from '../domain/ports.ts'
import { fewestTokens } from '../domain/tokens.ts'
import { exportModel } from '../models/export/export-model.ts'
import { openStoredWeights } from '../models/export/stored-weights.ts'
import { ModelError } from '../models/model-error.ts'
import { openModelFiles, parseModelJson } from '../models/model-source.ts'
import { openModelArchive } from '../models/open-model-archive.ts'
import { readLayersModel } from '../models/read-layers-model.ts'
import type { RecognisedUpload, UploadFiles } from '../models/recognise-upload.ts'
import { ownFile, readSafetensorsModel } from '../models/safetensors/safetensors-model.ts'
import { safetensorsStream } from '../models/to-safetensors.ts'
import {
  type ImportedTeacher,
  type ModelUpload,
  normalizationFrom,
  requireClassNames,
  weightLayoutFrom,
} from './model-upload.ts'
import { storeBlob } from './store-blob.ts'

interface ReadNetwork {
  readonly network: Network
  readonly normalization: Normalization | null
  readonly classNames: readonly string[] | null
  readonly notes: readonly string[]
  /** The weights as a file of this service. */
  readonly file: () => AsyncIterable<Uint8Array>
}

function classesOf(network: Network): number {
  const shape = outputShape(network)
  const [classes = 0] = shape
  if (shape.length !== 1 || classes < 2)
    throw new ModelError(
      'model-output-not-classes',
      `the model gives [${shape.join(', ')}]: a classifier gives one logit for each of 2 or more classes`,
    )
  return classes
}

async function keep(blobs: BlobStore, read: ReadNetwork): Promise<ImportedTeacher> {
  const { network, normalization, classNames, notes } = read
  const classes = classesOf(network)
  requireClassNames(classNames, classes)
  if (normalization && fewestTokens(network) !== null)
    throw new ModelError(
      'normalization-not-valid',
      'the model has an embedding, which reads token ids as they are: leave `inputMean` and `inputStandardDeviation` out',
    )
  const safetensors = await storeBlob(blobs, read.file())
  const { sha256 } = safetensors
  const weights = await openStoredWeights((range) => blobs.read(sha256, range))
  const exported = { network, normalization, classNames, safetensorsSha256: sha256 }
  const zip = exportModel(exported, weights, 'tfjs', 'float32')
  return {
    form: { kind: 'network', network, normalization, weightsSha256: safetensors.sha256 },
    files: { safetensors, tfjs: await storeBlob(blobs, zip) },
    classes,
    classNames,
    notes,
  }
}

const channelsOf = (network: Network): number => network.inputShape.at(-1) ?? 1

export async function importLayersModel(
  blobs: BlobStore,
  files: UploadFiles,
  isZip: boolean,
  { settings }: ModelUpload,
): Promise<ImportedTeacher> {
  const [first = ''] = files.values()
  const source = isZip ? await openModelArchive(first) : await openModelFiles(files)
  try {
    const { network, tensors, notes } = readLayersModel(await source.modelJson())
    const normalization = normalizationFrom(settings, channelsOf(network))
    const { classNames } = settings
    const metadata = classNames ? { classNames: JSON.stringify(classNames) } : {}
    return await keep(blobs, {
      network,
      normalization,
      classNames,
      notes,
      file: () => safetensorsStream(network, normalization, tensors, source, metadata),
    })
  } finally {
    await source.close()
  }
}

export async function importSafetensors(
  blobs: BlobStore,
  { weightsPath, architecturePath }: Extract<RecognisedUpload, { kind: 'safetensors' }>,
  { settings, checkArchitecture }: ModelUpload,
): Promise<ImportedTeacher> {
  const { classNames, inputShape } = settings
  const model = await readSafetensorsModel({
    path: weightsPath,
    architecture:
      architecturePath === null
        ? undefined
        : await parseModelJson(createReadStream(architecturePath), 'architecture.json'),
    layout: weightLayoutFrom(settings),
    context: {
      inputShape,
      classes: settings.classes ?? classNames?.length ?? null,
      checkArchitecture,
    },
  })
  const given = normalizationFrom(settings, channelsOf(model.network))
  if (given && model.normalization)
    throw new ModelError(
      'normalization-given-twice',
      'the file has a normalization of its own: leave out `inputMean` and `inputStandardDeviation`',
    )
  const normalization = given ?? model.normalization
  const names = classNames ?? model.classNames
  return keep(blobs, {
    network: model.network,
    normalization,
    classNames: names,
    notes: model.notes,
    file: () => ownFile(model, normalization, names),
  })
}
