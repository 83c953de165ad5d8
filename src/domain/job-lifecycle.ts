/** The life of a job, as a table. Terminal states are never left. */
import type { JobStatus } from './words.ts'

export const TRANSITIONS = {
  queued: ['running', 'succeeded', 'failed', 'cancelling', 'cancelled'],
  running: ['succeeded', 'failed', 'cancelling', 'cancelled'],
  cancelling: ['cancelled'],
  succeeded: [],
  failed: [],
  cancelled: [],
} as const satisfies Record<JobStatus, readonly JobStatus[]>

export const canTransition = (from: JobStatus, to: JobStatus): boolean =>
  (TRANSITIONS[from] as readonly JobStatus[]).includes(to)

export const isTerminal = (status: JobStatus): boolean => TRANSITIONS[status].length === 0
