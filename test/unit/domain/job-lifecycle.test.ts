import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canTransition, isTerminal } from '../../../src/domain/job-lifecycle.ts'
import { JOB_STATUSES } from '../../../src/domain/words.ts'

const status = fc.constantFrom(...JOB_STATUSES)

test('a terminal status is never left', () => {
  fc.assert(
    fc.property(status, status, (from, to) => {
      if (isTerminal(from)) expect(canTransition(from, to)).toBe(false)
    }),
  )
})

test('a terminal status can be reached from every other', () => {
  for (const from of JOB_STATUSES.filter((one) => !isTerminal(one)))
    expect(JOB_STATUSES.some((to) => isTerminal(to) && canTransition(from, to))).toBe(true)
})

test('a job that is being cancelled can only become cancelled', () => {
  expect(JOB_STATUSES.filter((to) => canTransition('cancelling', to))).toEqual(['cancelled'])
})
