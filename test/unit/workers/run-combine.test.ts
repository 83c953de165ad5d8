import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Split } from '../../../src/domain/evaluation.ts'
import { rowsOfTraining } from '../../../src/splits/rows-of-training.ts'
import { partition } from '../../../src/splits/split.ts'
import { randomStream, uniform } from '../../../workers/engine/random.ts'
import { fitMixture, mixLogits } from '../../../workers/evaluation/mixture.ts'
import { runCombine } from '../../../workers/run-combine.ts'
import { type CombineTask, OUTPUT_FILES } from '../../../workers/trainer-contract.ts'

const ROWS = 60
const CLASSES = 3
const SPLIT: Split = { kind: 'k-fold', folds: 3, stratified: true, seed: 5 }
const folder = mkdtempSync(path.join(tmpdir(), 'combine-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const labels = Int32Array.from({ length: ROWS }, (_, row) => row % CLASSES)
writeFileSync(path.join(folder, 'labels'), labels)
const random = (seed: number) => uniform(ROWS * CLASSES, 2, randomStream(seed))
const parts = partition(SPLIT, labels, 1)
const part = { split: SPLIT, fold: 1, role: 'teacher', seed: 9 }
const { validation } = rowsOfTraining(
  { ...part, validationFraction: 0.25, labelledFraction: 1 },
  labels,
  null,
)

let made = 0
async function combine(members: readonly Float32Array[], weights?: CombineTask['weights']) {
  const outputDirectory = path.join(folder, `out-${made++}`)
  mkdirSync(outputDirectory)
  const paths = members.map((logits, index) => {
    const file = path.join(outputDirectory, `member-${index}`)
    writeFileSync(file, logits)
    return file
  })
  const task: CombineTask = {
    kind: 'combine',
    rows: ROWS,
    classes: CLASSES,
    testRows: null,
    members: paths.map((logitsPath) => ({ logitsPath, testLogitsPath: null })),
    weights: weights ?? {
      kind: 'inner-validation',
      labelsPath: path.join(folder, 'labels'),
      fraction: 0.25,
      split: SPLIT,
      fold: 1,
      seed: 9,
    },
    outputDirectory,
  }
  const hooks = { onProgress: () => undefined, onEpoch: () => undefined }
  const { mixture } = await runCombine(task, hooks, new AbortController().signal)
  const bytes = readFileSync(path.join(outputDirectory, OUTPUT_FILES.allLogits))
  return { mixture, logits: new Float32Array(new Uint8Array(bytes).buffer) }
}

/** With other answers on some rows. */
const poisoned = (logits: Float32Array, rows: Uint32Array): Float32Array => {
  const copy = logits.slice()
  for (const row of rows) copy.fill(50, row * CLASSES, row * CLASSES + 1)
  return copy
}

test('weights are found on the rows that the members of the fold set aside', async () => {
  const members = [random(1), random(2)]
  const { mixture, logits } = await combine(members)
  const fit = fitMixture(members, validation, labels, CLASSES)
  expect(mixture?.weights).toEqual(fit.weights)
  expect(mixture?.fit).toMatchObject({ rows: validation.length, nll: fit.nll })
  expect(logits).toEqual(mixLogits(members, fit.weights, CLASSES))
})

test('nothing on held-out rows, and nothing that members were trained on, moves a weight', async () => {
  const [one, other] = [random(1), random(2)]
  const { mixture } = await combine([one, other])
  const trained = parts.training.filter((row) => !validation.includes(row))
  for (const rows of [parts.heldOut, trained])
    expect((await combine([one, poisoned(other, rows)])).mixture).toEqual(mixture)
  expect((await combine([one, poisoned(other, validation)])).mixture).not.toEqual(mixture)
})

test('given weights need no labels', async () => {
  const members = [random(1), random(2)]
  const { mixture, logits } = await combine(members, { kind: 'fixed', values: [0.25, 0.75] })
  expect(mixture).toEqual({ weights: [0.25, 0.75], fit: null })
  expect(logits).toEqual(mixLogits(members, [0.25, 0.75], CLASSES))
})
