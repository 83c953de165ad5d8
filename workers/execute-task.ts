/** Runs any task in this process. TensorFlow is loaded only by the tasks that need it. */
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { knowsLabels } from '../src/domain/words.ts'
import { readLabels } from './engine/datasets.ts'
import { InputError } from './engine/input-error.ts'
import { validationRoleOf } from './engine/roles.ts'
import type { TaskRows } from './engine/run-task.ts'
import type { TaskHooks } from './engine/task-outputs.ts'
import { buildReport } from './evaluation/report.ts'
import { type Parts, partition } from './evaluation/split.ts'
import { transferSet } from './evaluation/transfer-set.ts'
import { runCombine } from './run-combine.ts'
import {
  OUTPUT_FILES,
  type ReportTask,
  type Task,
  type TaskResult,
  type TrainTask,
} from './trainer-contract.ts'
import { setAside } from './validation-rows.ts'

/** Control and distilled set the same rows aside: the seed names their role, not the arm. */
function withValidation(task: TrainTask, labels: Int32Array, parts: Parts): TaskRows {
  const { seed, fold, arm } = task
  const share = task.training.validationFraction
  if (share === null) return { ...parts, validation: new Uint32Array() }
  const labelledFraction = knowsLabels(arm) ? 1 : task.labelledFraction
  const role = validationRoleOf(task)
  const setting = { fraction: share, labelledFraction, seed, fold, role }
  return { ...parts, ...setAside(labels, parts.training, setting) }
}

async function rowsOf(task: TrainTask): Promise<TaskRows> {
  const labels = await readLabels(task.dataset)
  try {
    const parts = partition(task.split, labels, task.fold)
    const { training, omitted } = transferSet(parts.training, labels, task.omittedClasses ?? [])
    return { ...withValidation(task, labels, { ...parts, training }), omitted }
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
      return runTrain(task, rows, hooks, signal)
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
