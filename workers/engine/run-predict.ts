/** Carries out the prediction of a given teacher: files in, logits of every row out. */
import type { Phase } from '../../src/domain/words.ts'
import type { PredictTask, TaskResult } from '../trainer-contract.ts'
import { Outputs, peakMemoryBytes, type TaskHooks } from './task-outputs.ts'
import { openTeacher } from './teachers/open-teacher.ts'

/**
 * Records what a given teacher answers on every row of the dataset and of the test set.
 * @throws InputError when the teacher does not fit the rows; the reason of the signal when aborted
 */
export async function runPredict(
  task: PredictTask,
  hooks: TaskHooks,
  signal: AbortSignal,
): Promise<TaskResult> {
  const report = (phase: Phase): void =>
    hooks.onProgress({ phase, epoch: 0, epochs: 0, step: 0, steps: 0 })
  report('load')
  await using teacher = await openTeacher(task.teacher, {
    scratchDirectory: task.outputDirectory,
    threads: hooks.threads ?? 1,
  })
  report('evaluate')
  const outputs = new Outputs(task.outputDirectory)
  await outputs.logits('allLogits', await teacher.logits('dataset', task.dataset, signal))
  if (task.testSet)
    await outputs.logits('testLogits', await teacher.logits('test-set', task.testSet, signal))
  return {
    files: outputs.files,
    normalization: task.teacher.kind === 'outputs' ? null : task.teacher.normalization,
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
