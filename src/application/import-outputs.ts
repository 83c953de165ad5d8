/** Teachers that are outputs only: logits or probabilities of another model, one row for each row of a dataset. */
import type { Dataset } from '../domain/dataset.ts'
import type { RecordedOutputs } from '../domain/model.ts'
import type { BlobStore, DatasetStore, StoredBlob } from '../domain/ports.ts'
import { Problem } from '../domain/problems.ts'
import { ModelError } from '../models/model-error.ts'
import {
  logitsFile,
  type OutputCheck,
  type OutputKind,
  SMALLEST_PROBABILITY,
} from '../models/outputs/check-outputs.ts'
import { openNpy } from '../models/outputs/npy.ts'
import { openOutputs } from '../models/outputs/open-outputs.ts'
import type { RecognisedUpload } from '../models/recognise-upload.ts'
import type { ImportedTeacher, ModelUpload } from './model-upload.ts'
import { storeBlob } from './store-blob.ts'

interface Ports {
  readonly blobs: BlobStore
  readonly datasets: DatasetStore
}

async function find(datasets: DatasetStore, id: string): Promise<Dataset> {
  const dataset = await datasets.get(id)
  if (!dataset) throw new Problem('dataset-not-found', `There is no dataset ${id}.`)
  return dataset
}

interface Recording {
  readonly bytes: AsyncIterable<Uint8Array>
  readonly represents: OutputKind
  /** Of the array, for messages. */
  readonly name: string
  readonly dataset: Dataset
  readonly check: OutputCheck
}

async function record(
  blobs: BlobStore,
  { bytes, represents, name, dataset, check }: Recording,
): Promise<{ recorded: RecordedOutputs; file: StoredBlob }> {
  const matrix = await openNpy(bytes, name)
  try {
    const { rows, classNames, id, contentSha256 } = dataset
    if (matrix.rows !== rows)
      throw new ModelError(
        'outputs-rows-mismatch',
        `${name} has ${matrix.rows} rows, but ${id} has ${rows}: there must be one for each row of the dataset, in its order`,
      )
    if (matrix.columns !== classNames.length)
      throw new ModelError(
        'outputs-classes-mismatch',
        `${name} has ${matrix.columns} columns, but ${id} has ${classNames.length} classes: ${classNames.slice(0, 20).join(', ')}`,
      )
    const file = await storeBlob(blobs, logitsFile(matrix, represents, name, check))
    return { recorded: { contentSha256, rows, sha256: file.sha256 }, file }
  } finally {
    matrix.close()
  }
}

function notesOf(represents: OutputKind, check: OutputCheck): string[] {
  if (represents === 'probabilities')
    return [
      `the probabilities are kept as their logarithms; those below ${SMALLEST_PROBABILITY} count as ${SMALLEST_PROBABILITY}`,
    ]
  return check.looksLikeProbabilities
    ? [
        'every row is between 0 and 1 and sums to 1: these look like probabilities, not logits. If they are, upload them with represents=probabilities',
      ]
    : []
}

/** @throws ModelError when the numbers cannot be outputs for the dataset; Problem when there is no such dataset */
export async function importOutputs(
  { blobs, datasets }: Ports,
  { files, isNpz }: Extract<RecognisedUpload, { kind: 'outputs' }>,
  { settings }: ModelUpload,
): Promise<ImportedTeacher> {
  if (settings.dataset === null)
    throw new ModelError(
      'outputs-dataset-missing',
      'say with dataset=ds_… which dataset the outputs belong to: row by row, in its order',
    )
  const dataset = await find(datasets, settings.dataset)
  const testSet = settings.testSet === null ? null : await find(datasets, settings.testSet)
  const { classNames } = dataset
  if (settings.classNames && settings.classNames.join('\n') !== classNames.join('\n'))
    throw new ModelError(
      'class-names-not-valid',
      `the columns must be the dataset's classes in their order, ${classNames.slice(0, 20).join(', ')}, but \`classNames\` are ${settings.classNames.slice(0, 20).join(', ')}: put the columns into that order`,
    )
  if (testSet && testSet.classNames.join('\n') !== classNames.join('\n'))
    throw new ModelError(
      'class-names-not-valid',
      `the classes of ${testSet.id} are not those of ${dataset.id}`,
    )
  const source = await openOutputs(files, isNpz, settings.represents)
  try {
    if (Boolean(source.test) !== Boolean(testSet))
      throw new ModelError(
        'outputs-test-set-mismatch',
        testSet
          ? `there is no array \`test\` with the outputs of ${testSet.id}`
          : 'there is an array `test`: say with testSet=ds_… which dataset it belongs to',
      )
    const { represents } = source
    const check: OutputCheck = { looksLikeProbabilities: true }
    const common = { represents, check }
    const main = await record(blobs, {
      ...common,
      bytes: source.main(),
      name: source.name,
      dataset,
    })
    const test =
      source.test && testSet
        ? await record(blobs, { ...common, bytes: source.test(), name: 'test', dataset: testSet })
        : null
    return {
      form: {
        kind: 'outputs',
        represents,
        dataset: main.recorded,
        testSet: test ? test.recorded : null,
      },
      files: { outputs: main.file, ...(test ? { 'test-outputs': test.file } : {}) },
      classes: classNames.length,
      classNames,
      notes: notesOf(represents, check),
    }
  } finally {
    source.close()
  }
}
