import { expect, test } from 'vitest'
import { planJob } from '../../../src/domain/job-plan.ts'
import { jobPhase, jobProgress } from '../../../src/domain/progress.ts'
import type { JobView, TaskView } from '../../../src/domain/task.ts'
import { resolved } from '../../support/specs.ts'

const start = new Date('2026-01-01T00:00:00Z')
const after = (seconds: number) => new Date(start.getTime() + 1000 * seconds)
const job = resolved()

/** A job of which the first tasks have succeeded and the next is half done. */
function view(succeeded: number, change: Partial<JobView> = {}): JobView {
  const tasks = planJob(job).map(
    (task, index): TaskView => ({
      ...task,
      id: `${index}`,
      status: index < succeeded ? 'succeeded' : index === succeeded ? 'running' : 'ready',
      attempt: 1,
      workerId: null,
      progress:
        index === succeeded
          ? { phase: 'train', epoch: 10, epochs: 20, step: 50, steps: 100 }
          : null,
      result: null,
      failure: null,
      startedAt: start,
      finishedAt: null,
    }),
  )
  return {
    id: 'job_1',
    name: null,
    status: 'running',
    spec: {},
    resolved: job,
    failure: null,
    createdAt: start,
    startedAt: start,
    finishedAt: null,
    tasks,
    jobsAhead: null,
    models: [],
    ...change,
  }
}

test('percent grows with every task and is 100 only for a job that has succeeded', () => {
  const steps = planJob(job).map((_, done) => jobProgress(view(done), after(10)).percent)
  expect(steps).toEqual([...steps].sort((a, b) => a - b))
  expect(new Set(steps).size).toBe(steps.length)
  expect(steps.at(-1)).toBeLessThan(100)
  expect(jobProgress(view(0, { status: 'succeeded' }), after(10)).percent).toBe(100)
})

test('the time left is what the pace so far says', () => {
  const { percent, etaSeconds } = jobProgress(view(8), after(60))
  expect(etaSeconds).toBeCloseTo((60 * (100 - percent)) / percent, -1)
})

test('no time is named before there is a pace, or when the job has ended', () => {
  expect(jobProgress(view(0, { startedAt: null }), after(60)).etaSeconds).toBeNull()
  expect(jobProgress(view(3, { status: 'failed' }), after(60)).etaSeconds).toBeNull()
})

test('the phase is that of the earliest running task', () => {
  expect(jobPhase(view(2))).toBe('train')
  expect(jobPhase(view(planJob(job).length))).toBeNull()
})
