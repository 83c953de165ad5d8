/** Carries out a training: files in, files and a result out. Knows no process and no message. */
import { Readable } from 'node:stream'
import { MODEL_FORMAT } from '../../src/domain/model.ts'
import { METHODS, type ResolvedTerm } from '../../src/domain/objective.ts'
import type { Phase } from '../../src/domain/words.ts'
import { zipLayersModel } from '../../src/models/export/layers-model.ts'
import type { TaskResult, TrainTask } from '../trainer-contract.ts'
import { checkFits, readRows } from './check-fits.ts'
import { type LabelledRows, readMatrix } from './datasets.ts'
import { writeSafetensors } from './export/safetensors.ts'
import { layersModel } from './export/tfjs.ts'
import { InputError } from './input-error.ts'
import { usableLabels } from './labelled-rows.ts'
import { type FittedNormalization, fitNormalization, toNormalization } from './normalization.ts'
import { allRows, predict } from './predict.ts'
import { deriveSeed } from './random.ts'
import { Outputs, peakMemoryBytes, type TaskHooks } from './task-outputs.ts'
import { train } from './train.ts'
import { initialize, type NamedArray } from './weights.ts'

/** Rows of the dataset, ascending. */
export interface TaskRows {
  readonly training: Uint32Array
  readonly heldOut: Uint32Array
}

const needsTeacher = (objective: readonly ResolvedTerm[]): boolean =>
  objective.some(({ method }) => METHODS[method].needsTeacher)

function checkTrainable(task: TrainTask, rows: TaskRows): void {
  checkFits(task.network, task.dataset)
  if (task.testSet) checkFits(task.network, task.testSet)
  if (rows.training.length === 0)
    throw new InputError('no-training-rows', 'the split leaves no rows to train on')
  if (!task.network.layers.some(({ weights }) => weights.some(({ trainable }) => trainable)))
    throw new InputError('nothing-to-train', 'the network has no layer with weights')
  if (needsTeacher(task.objective) && task.teacherLogitsPath === null)
    throw new InputError('teacher-missing', 'the objective needs teacher logits but has none')
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

async function deliver(
  task: TrainTask,
  weights: readonly NamedArray[],
  normalization: FittedNormalization | null,
  outputs: Outputs,
): Promise<void> {
  const { network, manifest } = task
  const { classNames = null } = manifest
  const metadata = {
    format: MODEL_FORMAT,
    network: JSON.stringify(network),
    classNames: JSON.stringify(classNames),
    manifest: JSON.stringify(manifest),
  }
  const safetensors = writeSafetensors(deliveredArrays(weights, normalization), metadata)
  await outputs.stream('safetensors', Readable.from(safetensors))
  const model = layersModel(network, weights, normalization, { classNames, manifest })
  await outputs.stream('tfjs', zipLayersModel(model))
}

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
  const normalization =
    task.normalization === 'standardize' ? fitNormalization(data, rows.training) : null
  // A teacher knows every label: `labelledFraction` is about what the student may know.
  const fraction = arm === 'teacher' ? 1 : task.labelledFraction
  const role = arm === 'teacher' ? 'teacher' : 'student'

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
      labels: usableLabels(data.labels, rows.training, fraction, seed, fold),
      teacherLogits,
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
  if (task.deliver) {
    report('export', epochs, steps)
    await deliver(task, weights, normalization, outputs)
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
  }
}
