import { expect, test } from 'vitest'
import { planJob } from '../../../src/domain/job-plan.ts'
import { dataset, references, resolved, spec } from '../../support/specs.ts'

const keys = (plan: ReturnType<typeof planJob>) => plan.map((task) => task.key)
const after = (plan: ReturnType<typeof planJob>, key: string) =>
  plan.find((task) => task.key === key)?.after

test('a k-fold job trains three networks a fold, two finals, and reports last', () => {
  const plan = planJob(resolved(spec({ evaluation: { folds: 2 } })))
  expect(keys(plan)).toEqual([
    'teacher/fold-0',
    'control/fold-0',
    'distilled/fold-0',
    'teacher/fold-1',
    'control/fold-1',
    'distilled/fold-1',
    'teacher/final',
    'distilled/final',
    'latency',
    'report',
  ])
  expect(after(plan, 'distilled/fold-1')).toEqual(['teacher/fold-1'])
  expect(after(plan, 'control/fold-1')).toEqual([])
  // Times are taken when nothing else of the job runs.
  expect(after(plan, 'latency')).toEqual(keys(plan).slice(0, -2))
  expect(after(plan, 'report')).toEqual(keys(plan).slice(0, -1))
})

test('folds of repeats are counted on, so that those of the first have the keys they have alone', () => {
  const once = keys(planJob(resolved(spec({ evaluation: { folds: 2 } }))))
  const twice = keys(planJob(resolved(spec({ evaluation: { folds: 2, repeats: 2 } }))))
  expect(twice).toEqual([
    ...once.slice(0, 6),
    ...[2, 3].flatMap((fold) => [
      `teacher/fold-${fold}`,
      `control/fold-${fold}`,
      `distilled/fold-${fold}`,
    ]),
    ...once.slice(6),
  ])
})

test('a frozen teacher is one task, and every student waits for it', () => {
  const plan = planJob(resolved(spec({ evaluation: { folds: 2, teacherPerFold: 'frozen' } })))
  expect(keys(plan).filter((key) => key.startsWith('teacher'))).toEqual(['teacher/final'])
  expect(after(plan, 'distilled/fold-1')).toEqual(['teacher/final'])
})

test('with cross-fit a student waits for the teachers of the inner folds, which the report does not measure', () => {
  const evaluation = { folds: 2, teacherPerFold: 'cross-fit', innerFolds: 2 } as const
  const plan = planJob(resolved(spec({ evaluation })))
  expect(keys(plan)).toEqual([
    'teacher/fold-0',
    'teacher/fold-0/inner-0',
    'teacher/fold-0/inner-1',
    'control/fold-0',
    'distilled/fold-0',
    'teacher/fold-1',
    'teacher/fold-1/inner-0',
    'teacher/fold-1/inner-1',
    'control/fold-1',
    'distilled/fold-1',
    'teacher/final',
    'teacher/final/inner-0',
    'teacher/final/inner-1',
    'distilled/final',
    'latency',
    'report',
  ])
  expect(after(plan, 'distilled/fold-1')).toEqual([
    'teacher/fold-1/inner-0',
    'teacher/fold-1/inner-1',
  ])
  expect(after(plan, 'distilled/final')).toEqual(['teacher/final/inner-0', 'teacher/final/inner-1'])
  expect(plan.filter(({ innerFold }) => innerFold === 1)).toHaveLength(3)
})

test('a holdout trains finals only, and measures them', () => {
  expect(keys(planJob(resolved(spec({ evaluation: { protocol: 'holdout' } }))))).toEqual([
    'teacher/final',
    'control/final',
    'distilled/final',
    'latency',
    'report',
  ])
})

test('a test set beside the folds brings a final control to measure against', () => {
  const job = resolved(
    spec({ evaluation: { folds: 2, testSet: { id: 'ds_test' } } }),
    references({ testSet: dataset() }),
  )
  expect(keys(planJob(job))).toContain('control/final')
})

test('without a control arm nothing is trained for it', () => {
  const plan = planJob(resolved(spec({ evaluation: { folds: 2, control: false } })))
  expect(keys(plan).some((key) => key.startsWith('control'))).toBe(false)
})

test('a control of matched seconds waits for those who tell how long they took', () => {
  const plan = planJob(
    resolved(spec({ evaluation: { folds: 2, controlBudget: 'matched-seconds' } })),
  )
  expect(after(plan, 'control/fold-1')).toEqual(['teacher/fold-1', 'distilled/fold-1'])
  expect(keys(plan).indexOf('control/fold-0')).toBeGreaterThan(
    keys(plan).indexOf('distilled/fold-0'),
  )
})
