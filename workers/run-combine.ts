/** Carries out the mixture of an ensemble: logits of its members in, logits of the mixture out. No TensorFlow. */
import { readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { validationRoleOf } from '../src/splits/roles.ts'
import { rowsOfTraining } from '../src/splits/rows-of-training.ts'
import { Outputs, peakMemoryBytes, type TaskHooks } from './engine/task-outputs.ts'
import { readLabels, readLogits } from './evaluation/logits-store.ts'
import { fitMixture, mixLogits } from './evaluation/mixture.ts'
import type { CombineTask, Mixture, TaskResult } from './trainer-contract.ts'

const read = (file: string): Uint8Array => readFileSync(file)

/** On the rows that every trained member set aside of the training rows of this fold. */
function findMixture(
  { rows, classes, weights }: CombineTask,
  answers: readonly Float32Array[],
): Mixture {
  if (weights.kind === 'fixed') return { weights: weights.values, fit: null }
  const { fraction, split, fold, seed } = weights
  const labels = readLabels(read, weights.labelsPath, rows)
  const groups =
    weights.groupsPath === undefined ? null : readLabels(read, weights.groupsPath, rows)
  const role = validationRoleOf({ arm: 'member' })
  const part = { split, fold, role, seed, validationFraction: fraction, labelledFraction: 1 }
  const { validation } = rowsOfTraining(part, labels, groups)
  const { weights: found, ...fit } = fitMixture(answers, validation, labels, classes)
  return { weights: found, fit: { rows: validation.length, ...fit } }
}

/** @throws the reason of the signal when aborted */
export async function runCombine(
  task: CombineTask,
  hooks: TaskHooks,
  signal: AbortSignal,
): Promise<TaskResult> {
  const { rows, classes, testRows, members } = task
  hooks.onProgress({ phase: 'evaluate', epoch: 0, epochs: 0, step: 0, steps: 0 })
  const answers = members.map(({ logitsPath }) => readLogits(read, logitsPath, rows, classes))
  const mixture = findMixture(task, answers)
  await setImmediate()
  signal.throwIfAborted()
  const outputs = new Outputs(task.outputDirectory)
  await outputs.logits('allLogits', mixLogits(answers, mixture.weights, classes))
  if (testRows !== null) {
    const ofTestSet = members.map(({ testLogitsPath }) => {
      if (testLogitsPath === null) throw new Error('a member has not answered the test set')
      return readLogits(read, testLogitsPath, testRows, classes)
    })
    await outputs.logits('testLogits', mixLogits(ofTestSet, mixture.weights, classes))
  }
  await outputs.json('mixture', mixture)
  return {
    files: outputs.files,
    normalization: null,
    trainingRows: 0,
    heldOutRows: 0,
    steps: 0,
    trainSeconds: 0,
    samplesPerSecond: 0,
    peakMemoryBytes: peakMemoryBytes(),
    execution: null,
    validation: null,
    mixture,
  }
}
