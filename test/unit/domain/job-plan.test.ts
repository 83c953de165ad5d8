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

test('a frozen teacher is one task, and every student waits for it', () => {
  const plan = planJob(resolved(spec({ evaluation: { folds: 2, teacherPerFold: 'frozen' } })))
  expect(keys(plan).filter((key) => key.startsWith('teacher'))).toEqual(['teacher/final'])
  expect(after(plan, 'distilled/fold-1')).toEqual(['teacher/final'])
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
