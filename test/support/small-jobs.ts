/** Job specs on the bundled digits that take seconds. */

import type { Job } from '../../src/cli/client.ts'
import type { JobSpec } from '../../src/domain/job-spec.ts'

/** Units of a teacher that takes some 20 ms an epoch, for jobs that something is to happen to. */
const SLOW = [768, 768]
/** From here on a job is meant to take seconds. */
const LONG_EPOCHS = 20

/** A linear student; `epochs` makes the job as long as a test needs. */
export const linearJob = (changes: Partial<JobSpec> = {}, epochs = 3): JobSpec => ({
  dataset: { builtin: 'digits' },
  teacher: {
    train: {
      architecture: { preset: 'mlp', hiddenUnits: epochs < LONG_EPOCHS ? [16] : SLOW },
      training: { epochs, optimizer: { name: 'adam', learningRate: 0.01 } },
    },
  },
  student: { architecture: { preset: 'logistic' } },
  training: { epochs, batchSize: 64, optimizer: { name: 'adam', learningRate: 0.01 } },
  evaluation: { protocol: 'holdout', control: false },
  seed: 7,
  ...changes,
})

/** Two folds with control: what a job consists of at its fullest, small. */
export const foldedJob = (changes: Partial<JobSpec> = {}, epochs = 3): JobSpec =>
  linearJob({ evaluation: { protocol: 'k-fold', folds: 2 }, ...changes }, epochs)

/** Of a job whose teacher is the long part: what to change for a student that takes no time. */
export const QUICK_STUDENT = { training: { epochs: 1 } } as const

/** Trains far longer than any test waits. */
export const endlessJob = (changes: Partial<JobSpec> = {}): JobSpec => linearJob(changes, 10_000)

export const taskOf = (job: Job, key: string) => {
  const task = job.tasks.find((one) => one.key === key)
  if (!task) throw new Error(`the job has no task ${key}`)
  return task
}

/** The task trains: its first epoch is behind it. */
export const isTraining = (job: Job, key: string): boolean => {
  const { status, progress } = taskOf(job, key)
  return status === 'running' && (progress?.epoch ?? 0) >= 1
}
