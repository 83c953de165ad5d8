import { needsTeacher } from '../../src/domain/methods/job-methods.ts'
import type { ResolvedTerm, Stage } from '../../src/domain/objective.ts'
import { knowsLabels, type Phase, teaches } from '../../src/domain/words.ts'
import type { TaskResult, TrainTask } from '../trainer-contract.ts'
import { checkFits, readRows } from './check-fits.ts'
import { type LabelledRows, readMatrix } from './datasets.ts'
import { deliver, keepWeights } from './deliver.ts'
import { InputError } from './input-error.ts'
import { usableLabels } from './labelled-rows.ts'
import { initializeMemories } from './losses/term-memories.ts'
import { initializeProjectors } from './losses/term-weights.ts'
import { fitNormalization, toNormalization } from './normalization.ts'
import { allRows, predict } from './predict.ts'
import { deriveSeed } from './random.ts'
import { rebalance } from './rebalance.ts'
import { roleOf } from './roles.ts'
import { Outputs, peakMemoryBytes, type TaskHooks } from './task-outputs.ts'
import { readTeacherInStep } from './teachers/in-step.ts'
import { termConstants } from './term-constants.ts'
import { trainInStages } from './train-in-stages.ts'
import { initialize } from './weights.ts'

/** Rows of the dataset, ascending. */
export interface TaskRows {
  readonly training: Uint32Array
  readonly heldOut: Uint32Array
  /** Of the training rows of the fold, set aside for the training itself; empty where it asks for none. */
  readonly validation: Uint32Array
  /** Training rows of the fold whose class is left out of the transfer set. */
  readonly omitted?: Uint32Array
}

const isTaught = (objective: readonly ResolvedTerm[]): boolean =>
  objective.some(({ method }) => needsTeacher(method))

function checkTrainable(task: TrainTask, rows: TaskRows): void {
  checkFits(task.network, task.dataset)
  if (task.testSet) checkFits(task.network, task.testSet)
  if (rows.training.length === 0)
    throw new InputError('no-training-rows', 'the split leaves no rows to train on')
  if (!task.network.layers.some(({ weights }) => weights.some(({ trainable }) => trainable)))
    throw new InputError('nothing-to-train', 'the network has no layer with weights')
  if (isTaught(task.objective) && task.teacherLogitsPath === null && task.teacher === null)
    throw new InputError('teacher-missing', 'the objective needs teacher logits but has none')
}

async function readTeacher(task: TrainTask, data: LabelledRows): Promise<Float32Array | null> {
  const file = task.teacherLogitsPath
  if (file === null || !isTaught(task.objective)) return null
  return readMatrix(file, data.count, data.classes, 'teacher logits')
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
  const teacher = await readTeacherInStep(task.teacher)
  const normalization =
    task.normalization === 'standardize' ? fitNormalization(data, rows.training) : null
  // A teacher knows every label: `labelledFraction` is about what the student may know.
  const fraction = knowsLabels(arm) ? 1 : task.labelledFraction
  const role = roleOf(task)
  const { objective } = task
  const rowsOfFold = Uint32Array.from([...rows.training, ...rows.validation])
  // Chosen before validation rows were set aside, which are some of the labelled ones.
  const labels = usableLabels(data.labels, rowsOfFold, fraction, seed, fold)
  const told = { data, rows: rows.training, labels, classes: data.classes }
  const termsOf = async (stage: Stage, index: number) =>
    teacher && isTaught(stage.objective)
      ? {
          teacher,
          projectors: initializeProjectors(
            stage.objective,
            network,
            teacher.network,
            deriveSeed(seed, 'projectors', fold, index, ...(role === 'student' ? [] : [role])),
          ),
          memories: initializeMemories(
            stage.objective,
            rows.training.length,
            deriveSeed(seed, 'memories', fold, index),
          ),
          constants: await termConstants(stage.objective, teacher, told, signal),
        }
      : null

  report('train', 0, 0)
  const trained = await trainInStages(
    {
      network,
      objective,
      training,
      initialWeights: initialize(network, deriveSeed(seed, 'weights', role, fold)),
      data,
      rows: rows.training,
      normalization,
      ...(rows.validation.length > 0 ? { validationRows: rows.validation } : {}),
      labels,
      teacherLogits,
      classes: data.classes,
      seeds: {
        batches: deriveSeed(seed, 'batches', role, fold),
        dropout: deriveSeed(seed, 'dropout', role, fold),
      },
    },
    task.stages ?? [{ epochs, objective }],
    termsOf,
    {
      onEpoch: hooks.onEpoch,
      onProgress: (epoch, step) => report('train', epoch, step),
    },
    signal,
  )
  const rebalanced = task.rebalanceOmitted
    ? await rebalance(
        {
          network,
          weights: trained.weights,
          data,
          rows: Uint32Array.from([...rowsOfFold, ...(rows.omitted ?? [])]),
          normalization,
          classes: task.omittedClasses ?? [],
        },
        signal,
      )
    : null
  const weights = rebalanced?.weights ?? trained.weights

  report('evaluate', epochs, steps)
  const outputs = new Outputs(task.outputDirectory)
  const answer = (rowsOf: LabelledRows, chosen: Uint32Array): Promise<Float32Array> =>
    predict(network, weights, rowsOf, chosen, normalization, signal)
  if (rows.heldOut.length > 0)
    await outputs.logits('heldOutLogits', await answer(data, rows.heldOut))
  if (teaches(arm)) await outputs.logits('allLogits', await answer(data, allRows(data)))
  if (task.testSet && fold === null) {
    const testData = await readRows(network, task.testSet)
    await outputs.logits('testLogits', await answer(testData, allRows(testData)))
  }
  if (rebalanced) await outputs.json('rebalancing', rebalanced.record)
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
