/** Runs any task in this process. TensorFlow is loaded only by the tasks that need it. */
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { knowsLabels } from '../src/domain/words.ts'
import { innerParts } from '../src/splits/inner-folds.ts'
import { validationRoleOf } from '../src/splits/roles.ts'
import { rowsOfTraining } from '../src/splits/rows-of-training.ts'
import { partition } from '../src/splits/split.ts'
import { readGroups, readLabels } from './engine/datasets.ts'
import { InputError } from './engine/input-error.ts'
import type { TaskRows } from './engine/run-task.ts'
import type { TaskHooks } from './engine/task-outputs.ts'
import { buildReport } from './evaluation/report.ts'
import { withMatchedBudget } from './matched-budget.ts'
import { runCombine } from './run-combine.ts'
import {
  OUTPUT_FILES,
  type ReportTask,
  type Task,
  type TaskResult,
  type TrainTask,
} from './trainer-contract.ts'

/** Rows of each inner fold: those that the teacher of the same index answered. */
function innerHeldOut(
  { split, fold, seed, outOfFoldLogits = [] }: TrainTask,
  labels: Int32Array,
  groups: Int32Array | null,
): Uint32Array[] {
  const { training } = partition(split, labels, fold, groups)
  const of = outOfFoldLogits.length
  return outOfFoldLogits.map(
    (_, index) => innerParts({ index, of }, split, seed, fold, training, labels, groups).heldOut,
  )
}

async function rowsOf(task: TrainTask): Promise<TaskRows> {
  const { arm } = task
  const labels = await readLabels(task.dataset)
  const groups = await readGroups(task.dataset)
  try {
    const rows = rowsOfTraining(
      {
        ...task,
        role: validationRoleOf(task),
        validationFraction: task.training.validationFraction,
        labelledFraction: knowsLabels(arm) ? 1 : task.labelledFraction,
      },
      labels,
      groups,
    )
    return task.outOfFoldLogits
      ? { ...rows, innerHeldOut: innerHeldOut(task, labels, groups) }
      : rows
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new InputError('split-does-not-fit', error.message)
  }
}

async function runReport(task: ReportTask, hooks: TaskHooks): Promise<TaskResult> {
  hooks.onProgress({ phase: 'report', epoch: 0, epochs: 0, step: 0, steps: 0 })
  const report = buildReport(task, (file) => readFileSync(file))
  const target = path.join(task.outputDirectory, OUTPUT_FILES.report)
  await writeFile(target, `${JSON.stringify(report, null, 2)}\n`)
  return {
    files: ['report'],
    normalization: null,
    trainingRows: 0,
    heldOutRows: 0,
    steps: 0,
    trainSeconds: 0,
    samplesPerSecond: 0,
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    execution: null,
    validation: null,
  }
}

/** @throws what the task throws; the reason of the signal when aborted */
export async function executeTask(
  task: Task,
  hooks: TaskHooks,
  signal: AbortSignal,
): Promise<TaskResult> {
  switch (task.kind) {
    case 'train': {
      const rows = await rowsOf(task)
      const { runTrain } = await import('./engine/run-task.ts')
      return runTrain(await withMatchedBudget(task), rows, hooks, signal)
    }
    case 'predict': {
      const { runPredict } = await import('./engine/run-predict.ts')
      return runPredict(task, hooks, signal)
    }
    case 'combine':
      return runCombine(task, hooks, signal)
    case 'latency': {
      const { runLatency } = await import('./engine/latency/run-latency.ts')
      return runLatency(task, hooks, signal)
    }
    case 'report':
      return runReport(task, hooks)
  }
}
