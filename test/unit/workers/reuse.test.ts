import { expect, test } from 'vitest'
import type { JobSpec } from '../../../src/domain/job-spec.ts'
import type { TrainingSpec } from '../../../src/domain/training.ts'
import { reuseKey } from '../../../workers/reuse.ts'
import { references, resolved, spec } from '../../support/specs.ts'

const keyOf = (
  changes: Partial<JobSpec>,
  { fold = 1, arm = 'teacher' }: { fold?: number; arm?: 'teacher' | 'control' } = {},
  jobId = 'job_1',
): string | null =>
  reuseKey(
    {
      id: `task of ${jobId}`,
      attempt: jobId.length,
      jobId,
      job: resolved(spec(changes), references()),
      key: `${arm}/fold-${fold}`,
      kind: 'train',
      arm,
      fold,
    },
    [],
  )

test('the same teacher of another job, with another student, has the same key', () => {
  const key = keyOf({})
  expect(key).toMatch(/^[0-9a-f]{64}$/)
  expect(keyOf({ name: 'other' }, {}, 'job_22')).toBe(key)
  expect(keyOf({ training: { epochs: 77 } })).toBe(key)
  expect(keyOf({ objective: { terms: [{ method: 'soft-targets', temperature: 9 }] } })).toBe(key)
})

test('whatever changes a teacher changes its key', () => {
  const trained = (training: TrainingSpec): Partial<JobSpec> => ({
    teacher: { train: { architecture: { preset: 'mlp' }, training } },
  })
  const keys = [
    keyOf({}),
    keyOf(trained({})),
    keyOf({}, { fold: 0 }),
    keyOf({ seed: 99 }),
    keyOf(trained({ epochs: 99 })),
    keyOf(trained({ optimizer: { name: 'sgd' } })),
    keyOf({ evaluation: { protocol: 'k-fold', folds: 4 } }),
    keyOf({ preprocessing: { normalization: 'none' } }),
  ]
  expect(new Set(keys).size).toBe(keys.length)
})

test('students are never taken over', () => {
  expect(keyOf({}, { arm: 'control' })).toBeNull()
})
