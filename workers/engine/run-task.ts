import { needsTeacher } from '../../src/domain/methods/job-methods.ts'
import { comparesFeatures, type ResolvedTerm, type Stage } from '../../src/domain/objective.ts'
import { knowsLabels, type Phase, teaches } from '../../src/domain/words.ts'
import { usableLabels } from '../../src/splits/labelled-rows.ts'
import { roleOf } from '../../src/splits/roles.ts'
import type { TaskResult, TrainTask } from '../trainer-contract.ts'
import { checkFits, readRows } from './check-fits.ts'
import { CurveRecorder } from './curve-recorder.ts'
import { type LabelledRows, readMatrix } from './datasets.ts'
import { deliver, keepWeights } from './deliver.ts'
import { InputError } from './input-error.ts'
import { initializeMemories } from './losses/term-memories.ts'
import { initializeProjectors } from './losses/term-weights.ts'
import { fitNormalization, toNormalization } from './normalization.ts'
import { createPeer, type Peer } from './peer.ts'
import { allRows, predict } from './predict.ts'
import { deriveSeed } from './random.ts'
import { rebalance } from './rebalance.ts'
import { tapSimilarity } from './tap-similarity.ts'
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
  /** Of the training rows of the fold, neither trained on nor measured: others of their group are set aside. */
  readonly unused?: Uint32Array
  /** Rows of each inner fold, ascending; where `outOfFoldLogits` are. */
  readonly innerHeldOut?: readonly Uint32Array[]
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
  const isAnswered =
    task.teacherLogitsPath !== null || task.outOfFoldLogits !== undefined || task.peer !== undefined
  if (isTaught(task.objective) && !isAnswered && task.teacher === null)
    throw new InputError('teacher-missing', 'the objective needs teacher logits but has none')
}

/** Puts the answers of each inner fold where its rows are. Other rows stay NaN, which no training would survive. */
async function readOutOfFold(
  files: readonly string[],
  { innerHeldOut = [] }: TaskRows,
  { count, classes }: LabelledRows,
): Promise<Float32Array> {
  const logits = new Float32Array(count * classes).fill(Number.NaN)
  for (const [index, rows] of innerHeldOut.entries()) {
    const part = await readMatrix(files[index] ?? '', rows.length, classes, 'teacher logits')
    for (const [at, row] of rows.entries())
      logits.set(part.subarray(at * classes, (at + 1) * classes), row * classes)
  }
  return logits
}

async function readTeacher(
  task: TrainTask,
  rows: TaskRows,
  data: LabelledRows,
): Promise<Float32Array | null> {
  if (!isTaught(task.objective)) return null
  if (task.outOfFoldLogits) return readOutOfFold(task.outOfFoldLogits, rows, data)
  const file = task.teacherLogitsPath
  if (file === null) return null
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
  const teacherLogits = await readTeacher(task, rows, data)
  const teacher = await readTeacherInStep(task.teacher)
  const normalization =
    task.normalization === 'standardize' ? fitNormalization(data, rows.training) : null
  // A teacher knows every label: `labelledFraction` is about what the student may know.
  const fraction = knowsLabels(arm) ? 1 : task.labelledFraction
  const role = roleOf(task)
  const { objective, innerFold } = task
  const place = innerFold ? [fold, 'inner', innerFold.index] : [fold]
  const rowsOfFold = Uint32Array.from([
    ...rows.training,
    ...rows.validation,
    ...(rows.unused ?? []),
  ])
  // Chosen before validation rows were set aside, which are some of the labelled ones.
  const labels = usableLabels(data.labels, rowsOfFold, fraction, seed, fold)
  const peer = task.peer && createPeer(task.peer, deriveSeed(seed, 'weights', 'peer', ...place))
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
  const curve = new CurveRecorder()
  const trained = await trainInStages(
    {
      network,
      objective,
      training,
      initialWeights: initialize(network, deriveSeed(seed, 'weights', role, ...place)),
      data,
      rows: rows.training,
      normalization,
      ...(rows.validation.length > 0 ? { validationRows: rows.validation } : {}),
      labels,
      teacherLogits,
      ...(peer ? { peer } : {}),
      classes: data.classes,
      seeds: {
        batches: deriveSeed(seed, 'batches', role, ...place),
        dropout: deriveSeed(seed, 'dropout', role, ...place),
      },
    },
    task.stages ?? [{ epochs, objective }],
    termsOf,
    {
      onEpoch(metrics) {
        curve.add(metrics)
        hooks.onEpoch(metrics)
      },
      onProgress: (epoch, step) => report('train', epoch, step),
    },
    signal,
    task.suggestWeights?.steps ?? null,
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
  const { suggestedWeights } = trained

  report('evaluate', epochs, steps)
  const outputs = new Outputs(task.outputDirectory)
  const answer = (rowsOf: LabelledRows, chosen: Uint32Array): Promise<Float32Array> =>
    predict(network, weights, rowsOf, chosen, normalization, signal)
  const answerOfPeer = (of: Peer, rowsOf: LabelledRows): Promise<Float32Array> =>
    predict(of.network, trained.peerWeights, rowsOf, allRows(rowsOf), normalization, signal)
  if (rows.heldOut.length > 0)
    await outputs.logits('heldOutLogits', await answer(data, rows.heldOut))
  if (teaches(arm) && !innerFold)
    await outputs.logits('allLogits', await answer(data, allRows(data)))
  const testData = task.testSet && fold === null ? await readRows(network, task.testSet) : null
  if (testData) {
    await outputs.logits('testLogits', await answer(testData, allRows(testData)))
    if (peer) await outputs.logits('peerTestLogits', await answerOfPeer(peer, testData))
  }
  if (teacher && arm === 'distilled' && comparesFeatures(objective)) {
    const student = { network, weights, normalization }
    const similarity = (of: LabelledRows, chosen: Uint32Array) =>
      tapSimilarity(objective, student, teacher, of, chosen, signal)
    if (rows.heldOut.length > 0)
      await outputs.json('tapSimilarity', await similarity(data, rows.heldOut))
    else if (testData)
      await outputs.json('tapSimilarity', await similarity(testData, allRows(testData)))
  }
  if (peer) await outputs.logits('peerLogits', await answerOfPeer(peer, data))
  await outputs.json('curve', curve.record(trained.seconds))
  if (rebalanced) await outputs.json('rebalancing', rebalanced.record)
  if (trained.validation) await outputs.json('validation', trained.validation)
  if (suggestedWeights) await outputs.json('suggestedWeights', suggestedWeights)
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
    ...(suggestedWeights ? { suggestedWeights } : {}),
  }
}
