import { expect, test } from 'vitest'
import type { JobSpec } from '../../../src/domain/job-spec.ts'
import { issuesOf, resolved, spec } from '../../support/specs.ts'

type Transfer = NonNullable<JobSpec['transfer']>
const withTransfer = (transfer: Transfer, more: Partial<JobSpec> = {}) =>
  spec({ transfer, ...more })

test('without omitted classes the resolved job says nothing of them', () => {
  expect(resolved().transfer).toEqual({ labelledFraction: 1 })
  expect(resolved(withTransfer({ omitClasses: ['b'] })).transfer).toEqual({
    labelledFraction: 1,
    omitClasses: ['b'],
  })
  const both = { omitClasses: ['b', 'a'], rebalanceOmitted: true, labelledFraction: 0.5 }
  expect(resolved(withTransfer(both)).transfer).toEqual(both)
})

test.each<[string, Partial<JobSpec>, object]>([
  [
    'a class that the dataset lacks, with those it has',
    { transfer: { omitClasses: ['a', '3'] } },
    { pointer: '/transfer/omitClasses/1', code: 'unknown-class', allowed: ['a', 'b', 'c'] },
  ],
  [
    'a class named twice',
    { transfer: { omitClasses: ['a', 'a'] } },
    { pointer: '/transfer/omitClasses/1', code: 'class-named-twice' },
  ],
  [
    'nothing left to train on',
    { transfer: { omitClasses: ['a', 'b', 'c'] } },
    { pointer: '/transfer/omitClasses', code: 'no-class-left' },
  ],
  [
    'raised biases of classes that are there',
    { transfer: { rebalanceOmitted: true } },
    { pointer: '/transfer/rebalanceOmitted', code: 'option-not-applicable' },
  ],
  [
    'a student whose last layer has no bias',
    {
      transfer: { omitClasses: ['a'], rebalanceOmitted: true },
      student: {
        architecture: {
          layers: [{ type: 'flatten' }, { type: 'dense', units: 3, useBias: false }],
        },
      },
    },
    { pointer: '/transfer/rebalanceOmitted', code: 'no-final-bias' },
  ],
  [
    'a student whose logits are means over positions',
    {
      transfer: { omitClasses: ['a'], rebalanceOmitted: true },
      student: {
        architecture: {
          layers: [
            { type: 'conv2d', filters: 3, kernelSize: 3 },
            { type: 'globalAveragePooling2d' },
          ],
        },
      },
    },
    { pointer: '/transfer/rebalanceOmitted', code: 'no-final-bias' },
  ],
])('%s: refused', (_, changes, issue) => {
  expect(issuesOf(spec(changes))).toMatchObject([issue])
})

test('batches are checked against the rows that are left, those of the teacher against all', () => {
  // 100 rows of which 80 train, 40 of them a class that is omitted: 48 of the other two.
  const transfer = { omitClasses: ['a'] }
  expect(issuesOf(spec({ transfer, training: { batchSize: 48 } }))).toEqual([])
  expect(issuesOf(spec({ transfer, training: { batchSize: 49 } }))).toMatchObject([
    { pointer: '/training/batchSize', code: 'batch-exceeds-rows' },
  ])
  const train = { architecture: { preset: 'lenet' }, training: { batchSize: 80 } } as const
  expect(issuesOf(spec({ transfer, teacher: { train } }))).toEqual([])
  expect(resolved(withTransfer({ omitClasses: ['a', 'b'] })).student.training.batchSize).toBe(16)
})
