/** Shares of an ensemble are found on rows that none of its members was trained on. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { rowsOfTraining } from '../../../src/splits/rows-of-training.ts'
import { readLabels } from '../../../workers/engine/datasets.ts'
import { executeTask } from '../../../workers/execute-task.ts'
import { OUTPUT_FILES } from '../../../workers/trainer-contract.ts'
import { trainingOf } from '../engine/support.ts'
import { taskFiles } from '../engine/task-files.ts'

const files = taskFiles()
afterAll(() => files[Symbol.dispose]())
const WIDTH = 16

test('members set the same rows aside, those that a mixture is found on, and are not trained on them', async () => {
  const common = {
    arm: 'member',
    normalization: 'none',
    training: trainingOf({ epochs: 2, batchSize: 16, validationFraction: 0.25 }),
  } as const
  const hooks = { onProgress: () => undefined, onEpoch: () => undefined }
  const answers = async (index: number): Promise<Buffer> => {
    const task = files.task({ ...common, index })
    await executeTask(task, hooks, new AbortController().signal)
    return readFileSync(path.join(task.outputDirectory, OUTPUT_FILES.heldOutLogits))
  }
  const before = [await answers(0), await answers(1)]
  const { seed, fold, split } = files.task(common)
  const labels = await readLabels(files.dataset)
  const part = { split, fold, role: 'teacher', seed, validationFraction: 0.25, labelledFraction: 1 }
  const { training, validation } = rowsOfTraining(part, labels, null)
  const bytes = readFileSync(files.dataset.featuresPath)
  const features = new Float32Array(new Uint8Array(bytes).buffer)
  const poison = (rows: Iterable<number>): void => {
    const poisoned = features.slice()
    for (const row of rows) poisoned.fill(9, row * WIDTH, (row + 1) * WIDTH)
    writeFileSync(files.dataset.featuresPath, poisoned)
  }
  poison(validation)
  expect([await answers(0), await answers(1)]).toEqual(before)
  poison([training.find((row) => !validation.includes(row)) ?? -1])
  expect(await answers(0)).not.toEqual(before[0])
})
