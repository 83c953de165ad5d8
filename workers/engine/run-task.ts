/** Carries out a task: files in, files and a result out. Knows no process and no message. */
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { MODEL_FORMAT } from '../../src/domain/model.ts'
import { type Network, outputShape } from '../../src/domain/network.ts'
import { METHODS, type ResolvedTerm } from '../../src/domain/objective.ts'
import type { Phase } from '../../src/domain/words.ts'
import { zipLayersModel } from '../../src/models/export/layers-model.ts'
import {
  type DatasetFiles,
  type EpochMetrics,
  OUTPUT_FILES,
  type OutputFile,
  type PredictTask,
  type Progress,
  type TaskResult,
  type TrainTask,
} from '../trainer-contract.ts'
import { type LabelledRows, readDataset, readMatrix } from './datasets.ts'
import { readSafetensors, writeSafetensors } from './export/safetensors.ts'
import { layersModel } from './export/tfjs.ts'
import { InputError } from './input-error.ts'
import { usableLabels } from './labelled-rows.ts'
import {
  type FittedNormalization,
  fitNormalization,
  fromNormalization,
  toNormalization,
} from './normalization.ts'
import { allRows, predict } from './predict.ts'
import { deriveSeed } from './random.ts'
import { checkTokens } from './tokens.ts'
import { train } from './train.ts'
import type { TeacherNetwork } from './training-input.ts'
import { versions } from './versions.ts'
import { initialize, matchWeights, type NamedArray } from './weights.ts'

/** Rows of the dataset, ascending. */
export interface TaskRows {
  readonly training: Uint32Array
  readonly heldOut: Uint32Array
  /** Of the training rows of the fold, set aside for the training itself; empty where it asks for none. */
  readonly validation: Uint32Array
}

export interface TaskHooks {
  onProgress(progress: Progress): void
  onEpoch(metrics: EpochMetrics): void
}

class Outputs {
  readonly #directory: string
  readonly files: OutputFile[] = []

  constructor(directory: string) {
    this.#directory = directory
  }

  #path(file: OutputFile): string {
    this.files.push(file)
    return path.join(this.#directory, OUTPUT_FILES[file])
  }

  logits(file: OutputFile, logits: Float32Array): Promise<void> {
    return writeFile(this.#path(file), logits)
  }

  json(file: OutputFile, content: object): Promise<void> {
    return writeFile(this.#path(file), `${JSON.stringify(content)}\n`)
  }

  stream(file: OutputFile, content: Readable): Promise<void> {
    return pipeline(content, createWriteStream(this.#path(file)))
  }
}

const needsTeacher = (objective: readonly ResolvedTerm[]): boolean =>
  objective.some(({ method }) => METHODS[method].needsTeacher)

function checkFits(network: Network, { inputShape, classes }: DatasetFiles): void {
  const [given, wanted] = [network.inputShape.join(', '), inputShape.join(', ')]
  if (given !== wanted)
    throw new InputError(
      'network-does-not-fit',
      `the network takes rows of [${given}] but the dataset has rows of [${wanted}]`,
    )
  const output = outputShape(network).join(', ')
  if (output !== String(classes))
    throw new InputError(
      'network-does-not-fit',
      `the network gives [${output}] but the dataset has ${classes} classes`,
    )
}

function checkTrainable(task: TrainTask, rows: TaskRows): void {
  checkFits(task.network, task.dataset)
  if (task.testSet) checkFits(task.network, task.testSet)
  if (rows.training.length === 0)
    throw new InputError('no-training-rows', 'the split leaves no rows to train on')
  if (!task.network.layers.some(({ weights }) => weights.some(({ trainable }) => trainable)))
    throw new InputError('nothing-to-train', 'the network has no layer with weights')
  if (needsTeacher(task.objective) && task.teacherLogitsPath === null && task.teacher === null)
    throw new InputError('teacher-missing', 'the objective needs teacher logits but has none')
}

/** @throws InputError when the rows are not what the network takes */
async function readRows(network: Network, files: DatasetFiles): Promise<LabelledRows> {
  const data = await readDataset(files)
  checkTokens(network, data)
  return data
}

async function readTeacher(task: TrainTask, data: LabelledRows): Promise<Float32Array | null> {
  const file = task.teacherLogitsPath
  if (file === null || !needsTeacher(task.objective)) return null
  return readMatrix(file, data.count, data.classes, 'teacher logits')
}

/** Tensors of the delivered file: the weights, and the normalization as two more. */
const deliveredArrays = (
  weights: readonly NamedArray[],
  normalization: FittedNormalization | null,
): NamedArray[] => {
  if (!normalization) return [...weights]
  const { mean, standardDeviation } = normalization
  const shape = [mean.length]
  return [
    ...weights,
    { name: 'normalization.mean', shape, values: mean },
    { name: 'normalization.standardDeviation', shape, values: standardDeviation },
  ]
}

const ofFile = (arrays: readonly NamedArray[]): FittedNormalization | null => {
  const find = (name: string) => arrays.find((array) => array.name === `normalization.${name}`)
  const [mean, standardDeviation] = [find('mean')?.values, find('standardDeviation')?.values]
  return mean && standardDeviation ? { mean, standardDeviation } : null
}

async function readTeacherNetwork({ teacher }: TrainTask): Promise<TeacherNetwork | null> {
  if (!teacher) return null
  const { network, weightsPath, normalization } = teacher
  const { arrays } = readSafetensors(await readFile(weightsPath))
  return {
    network,
    weights: matchWeights(network, arrays),
    normalization:
      normalization === 'in-weights-file'
        ? ofFile(arrays)
        : normalization && fromNormalization(normalization),
  }
}

/** What the delivered files say of themselves. */
const manifestOf = ({ manifest }: TrainTask): Record<string, unknown> => ({
  ...manifest,
  versions: versions(),
})

/** @returns SHA-256 of the file */
async function keepWeights(
  task: TrainTask,
  weights: readonly NamedArray[],
  normalization: FittedNormalization | null,
  outputs: Outputs,
): Promise<string> {
  const { classNames = null } = task.manifest
  const metadata = {
    format: MODEL_FORMAT,
    network: JSON.stringify(task.network),
    classNames: JSON.stringify(classNames),
    manifest: JSON.stringify(manifestOf(task)),
  }
  const safetensors = writeSafetensors(deliveredArrays(weights, normalization), metadata)
  await outputs.stream('safetensors', Readable.from(safetensors))
  return sha256(safetensors)
}

async function deliver(
  task: TrainTask,
  weights: readonly NamedArray[],
  normalization: FittedNormalization | null,
  safetensorsSha256: string,
  outputs: Outputs,
): Promise<void> {
  const { classNames = null } = task.manifest
  const model = layersModel(task.network, weights, normalization, {
    classNames,
    manifest: { ...manifestOf(task), safetensorsSha256 },
  })
  await outputs.stream('tfjs', zipLayersModel(model))
}

function sha256(chunks: Iterable<Uint8Array>): string {
  const hash = createHash('sha256')
  for (const chunk of chunks) hash.update(chunk)
  return hash.digest('hex')
}

const peakMemoryBytes = (): number => process.resourceUsage().maxRSS * 1024

/**
 * Trains the network of a task on the training rows, and records its logits where they are wanted.
 * @throws InputError when spec or data do not allow it; the reason of the signal when aborted
 */
export async function runTrain(
  task: TrainTask,
  rows: TaskRows,
  hooks: TaskHooks,
  signal: AbortSignal,
): Promise<TaskResult> {
  const { network, training, seed, fold, arm } = task
  checkTrainable(task, rows)
  const { epochs } = training
  const steps = epochs * Math.ceil(rows.training.length / training.batchSize)
  const report = (phase: Phase, epoch: number, step: number): void =>
    hooks.onProgress({ phase, epoch, epochs, step, steps })

  report('load', 0, 0)
  const data = await readRows(network, task.dataset)
  const teacherLogits = await readTeacher(task, data)
  const teacher = await readTeacherNetwork(task)
  const normalization =
    task.normalization === 'standardize' ? fitNormalization(data, rows.training) : null
  // A teacher knows every label: `labelledFraction` is about what the student may know.
  const fraction = arm === 'teacher' ? 1 : task.labelledFraction
  const role = arm === 'teacher' ? 'teacher' : 'student'
  const rowsOfFold = Uint32Array.from([...rows.training, ...rows.validation])

  report('train', 0, 0)
  const trained = await train(
    {
      network,
      objective: task.objective,
      training,
      initialWeights: initialize(network, deriveSeed(seed, 'weights', role, fold)),
      data,
      rows: rows.training,
      normalization,
      ...(rows.validation.length > 0 ? { validationRows: rows.validation } : {}),
      // Chosen before validation rows were set aside, which are some of the labelled ones.
      labels: usableLabels(data.labels, rowsOfFold, fraction, seed, fold),
      teacherLogits,
      ...(teacher ? { teacher } : {}),
      classes: data.classes,
      seeds: {
        batches: deriveSeed(seed, 'batches', role, fold),
        dropout: deriveSeed(seed, 'dropout', role, fold),
      },
    },
    {
      onEpoch: hooks.onEpoch,
      onProgress: (epoch, step) => report('train', epoch, step),
    },
    signal,
  )
  const { weights } = trained

  report('evaluate', epochs, steps)
  const outputs = new Outputs(task.outputDirectory)
  const answer = (rowsOf: LabelledRows, chosen: Uint32Array): Promise<Float32Array> =>
    predict(network, weights, rowsOf, chosen, normalization, signal)
  if (rows.heldOut.length > 0)
    await outputs.logits('heldOutLogits', await answer(data, rows.heldOut))
  if (arm === 'teacher') await outputs.logits('allLogits', await answer(data, allRows(data)))
  if (task.testSet && fold === null) {
    const testData = await readRows(network, task.testSet)
    await outputs.logits('testLogits', await answer(testData, allRows(testData)))
  }
  if (trained.validation) await outputs.json('validation', trained.validation)
  if (task.deliver || task.keepWeights) {
    report('export', epochs, steps)
    const sha256 = await keepWeights(task, weights, normalization, outputs)
    if (task.deliver) await deliver(task, weights, normalization, sha256, outputs)
  }
  return {
    files: outputs.files,
    normalization: normalization && toNormalization(normalization),
    trainingRows: rows.training.length,
    heldOutRows: rows.heldOut.length,
    steps: trained.steps,
    trainSeconds: trained.seconds,
    samplesPerSecond: trained.execution.samplesPerSecond,
    peakMemoryBytes: peakMemoryBytes(),
    execution: trained.execution,
    validation: trained.validation,
  }
}

/**
 * Records what a given teacher answers on every row of the dataset and of the test set.
 * @throws InputError when the weights do not fit the network; the reason of the signal when aborted
 */
export async function runPredict(
  task: PredictTask,
  hooks: TaskHooks,
  signal: AbortSignal,
): Promise<TaskResult> {
  const report = (phase: Phase): void =>
    hooks.onProgress({ phase, epoch: 0, epochs: 0, step: 0, steps: 0 })
  report('load')
  checkFits(task.network, task.dataset)
  if (task.testSet) checkFits(task.network, task.testSet)
  const file = readSafetensors(await readFile(task.weightsPath))
  const weights = matchWeights(task.network, file.arrays)
  const normalization = task.normalization && fromNormalization(task.normalization)
  report('evaluate')
  const outputs = new Outputs(task.outputDirectory)
  const answer = (data: LabelledRows): Promise<Float32Array> =>
    predict(task.network, weights, data, allRows(data), normalization, signal)
  await outputs.logits('allLogits', await answer(await readRows(task.network, task.dataset)))
  if (task.testSet)
    await outputs.logits('testLogits', await answer(await readRows(task.network, task.testSet)))
  return {
    files: outputs.files,
    normalization: task.normalization,
    trainingRows: 0,
    heldOutRows: 0,
    steps: 0,
    trainSeconds: 0,
    samplesPerSecond: 0,
    peakMemoryBytes: peakMemoryBytes(),
    execution: null,
    validation: null,
  }
}
