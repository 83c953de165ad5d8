import { expect, test } from 'vitest'
import type { Split } from '../../../src/domain/evaluation.ts'
import type { ResolvedJob } from '../../../src/domain/resolved-job.ts'
import { partition } from '../../../src/splits/split.ts'
import { measureOmitted } from '../../../workers/evaluation/omitted-classes.ts'
import { reportStamps } from '../../../workers/evaluation/report/stamps.ts'
import type { Rebalancing, ReportTask } from '../../../workers/trainer-contract.ts'
import { dataset, references, resolved, spec } from '../../support/specs.ts'

const K_FOLD: Split = { kind: 'k-fold', folds: 2, stratified: true, seed: 1 }
/** 12 rows of 3 classes in turn; two of each class in either fold. */
const labels = Int32Array.from({ length: 12 }, (_, row) => row % 3)
const heldOut = (fold: number): number[] => [...partition(K_FOLD, labels, fold).heldOut]

const jobWith = (transfer: ResolvedJob['transfer'], testRows: Int32Array | null = null) => {
  const own = dataset({ rows: 12, classCounts: [4, 4, 4] })
  const testSet = testRows && dataset({ id: 'ds_other', rows: testRows.length })
  const evaluation = { folds: 2, ...(testSet ? { testSet: { id: testSet.id } } : {}) }
  const { labelledFraction } = transfer
  const base = resolved(
    spec({ transfer: { labelledFraction }, training: { batchSize: 2 }, evaluation }),
    references({ dataset: own, testSet }),
  )
  return { ...base, transfer, evaluation: { ...base.evaluation, split: K_FOLD } }
}

const OMIT = { labelledFraction: 1, omitClasses: ['b'] }
const RAISE = { ...OMIT, rebalanceOmitted: true as const }

/** Logits by row: the answer 2, the second choice 1. */
const logitsOf = (answers: readonly (readonly [number, number])[]): Float32Array =>
  Float32Array.from(
    answers.flatMap(([first, second]) =>
      [0, 1, 2].map((at) => (at === first ? 2 : at === second ? 1 : 0)),
    ),
  )

/** Everything right but the rows of class 1, which `ofOmitted` answers in turn. */
function answering(of: readonly number[], ofOmitted: readonly (readonly [number, number])[]) {
  let next = 0
  return logitsOf(of.map((label) => (label === 1 ? (ofOmitted[next++] ?? [0, 1]) : [label, 1])))
}

function scene(job: ResolvedJob, shift: number | null, testLabels: Int32Array | null = null) {
  const files = new Map<string, Uint8Array>()
  const logits: ReportTask['logits'][number][] = []
  const rebalancings: NonNullable<ReportTask['rebalancings']>[number][] = []
  for (const fold of [0, 1, null])
    for (const arm of ['teacher', 'distilled', 'control'] as const) {
      if (fold === null && !testLabels) {
        if (arm !== 'distilled') continue
      } else {
        const of = fold === null ? [...(testLabels ?? [])] : heldOut(fold).map((row) => row % 3)
        const values = answering(
          of,
          arm === 'teacher'
            ? [
                [1, 0],
                [1, 0],
              ]
            : [
                [1, 0],
                [0, 1],
              ],
        )
        const path = `${arm}/${fold}`
        files.set(path, new Uint8Array(values.buffer))
        logits.push({ arm, fold, path, covers: fold === null ? 'test-set' : 'held-out' })
      }
      if (shift === null || arm === 'teacher') continue
      const record: Rebalancing[] = [
        { class: 1, biasShift: shift, targetShare: 1 / 3, shareBefore: 0.1, shareAfter: 1 / 3 },
      ]
      const path = `${arm}/${fold}/rebalancing`
      files.set(path, new TextEncoder().encode(JSON.stringify(record)))
      rebalancings.push({ arm, fold, path })
    }
  const task: ReportTask = {
    kind: 'report',
    job,
    labelsPath: 'labels',
    testLabelsPath: null,
    logits,
    validations: [],
    curves: [],
    latencyPath: 'unused',
    suggestions: [],
    ...(shift === null ? {} : { rebalancings }),
    outputDirectory: 'unused',
  }
  const read = (path: string): Uint8Array => files.get(path) ?? new Uint8Array()
  return { task, read, labels, groups: null, testLabels }
}

test('without omitted classes there is nothing to tell', () => {
  expect(measureOmitted(scene(jobWith({ labelledFraction: 1 }), null))).toBeNull()
})

test('each network of each fold is measured on the held-out rows of the class', () => {
  const found = measureOmitted(scene(jobWith(OMIT), null)) ?? []
  expect(found.map(({ arm, fold }) => [arm, fold])).toEqual([
    ['teacher', 0],
    ['distilled', 0],
    ['control', 0],
    ['teacher', 1],
    ['distilled', 1],
    ['control', 1],
    ['distilled', null],
  ])
  expect(found[0]).toEqual({
    arm: 'teacher',
    fold: 0,
    class: 'b',
    omittedRows: 0,
    heldOutRows: 2,
    recall: 1,
    rebalancing: null,
  })
  expect(found[1]).toMatchObject({ omittedRows: 2, heldOutRows: 2, recall: 0.5, rebalancing: null })
  // The final student is trained on all rows and, without a test set, measured on none.
  expect(found[6]).toMatchObject({ omittedRows: 4, heldOutRows: 0, recall: null })
})

test('with raised biases the numbers before are found again from the logits and the shift', () => {
  // Of the omitted class two rows in a fold: one right by a margin of 1, one wrong. A shift of 1.5 has made the first right.
  const [, distilled] = measureOmitted(scene(jobWith(RAISE), 1.5)) ?? []
  expect(distilled).toMatchObject({
    recall: 0.5,
    rebalancing: {
      biasShift: 1.5,
      targetShare: 1 / 3,
      shareBefore: 0.1,
      shareAfter: 1 / 3,
      recallBefore: 0,
      accuracyBefore: 4 / 6,
    },
  })
  const [, small] = measureOmitted(scene(jobWith(RAISE), 0.5)) ?? []
  expect(small?.rebalancing).toMatchObject({ recallBefore: 0.5, accuracyBefore: 5 / 6 })
})

test('a test set measures the final networks too', () => {
  const testLabels = Int32Array.from([1, 1, 0])
  const found = measureOmitted(scene(jobWith(OMIT, testLabels), null, testLabels)) ?? []
  expect(found.slice(6)).toMatchObject([
    { arm: 'teacher', fold: null, heldOutRows: 2, recall: 1, omittedRows: 0 },
    { arm: 'distilled', fold: null, heldOutRows: 2, recall: 0.5, omittedRows: 4 },
    { arm: 'control', fold: null, heldOutRows: 2, recall: 0.5, omittedRows: 4 },
  ])
})

test('a report is stamped with the classes its students never saw', () => {
  const stamps = (transfer: ResolvedJob['transfer']) => reportStamps(jobWith(transfer)).join(' ')
  expect(stamps({ labelledFraction: 1 })).toBe('')
  expect(stamps(OMIT)).toMatch(/no row of class "b".*control too/)
  expect(stamps(OMIT)).not.toMatch(/raised/)
  expect(stamps(RAISE)).toMatch(/raised/)
})
