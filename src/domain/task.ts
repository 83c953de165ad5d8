/** Tasks and what workers say about them. */
import type { Model } from './model.ts'
import type { Report } from './report/report.ts'
import type { ResolvedJob } from './resolved-job.ts'
import type { Arm, JobStatus, ModelRole, Phase, TaskKind, TaskStatus } from './words.ts'

/** How often a task is tried again after its trainer or worker died. */
export const MAX_CRASHES = 3
/** How often a task is tried again after a system failure. */
export const MAX_SYSTEM_FAILURES = 3

export interface TaskProgress {
  readonly phase: Phase
  readonly epoch: number
  readonly epochs: number
  readonly step: number
  readonly steps: number
}

/** user: the spec or the data must change. system: trying again may help. crash: the process died. */
export interface Failure {
  readonly code: string
  readonly class: 'user' | 'system' | 'crash'
  readonly message: string
  /** What the message says, for programs; null or absent where there is no more to it. */
  readonly details?: Readonly<Record<string, unknown>> | null
}

export interface TaskView {
  readonly id: string
  readonly key: string
  readonly kind: TaskKind
  readonly arm: Arm | null
  /** Which member or assistant, from 0; null or absent for other arms. */
  readonly index?: number | null
  readonly fold: number | null
  readonly status: TaskStatus
  readonly attempt: number
  readonly workerId: string | null
  readonly progress: TaskProgress | null
  readonly result: Readonly<Record<string, unknown>> | null
  readonly failure: Failure | null
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
}

/** What a worker holds while it executes a task. `(id, attempt)` fences every write. */
export interface ClaimedTask {
  readonly id: string
  readonly attempt: number
  readonly jobId: string
  readonly key: string
  readonly kind: TaskKind
  readonly arm: Arm | null
  /** Which member or assistant, from 0; null or absent for other arms. */
  readonly index?: number | null
  readonly fold: number | null
  readonly job: ResolvedJob
}

export interface Artifact {
  readonly name: string
  readonly sha256: string
}

/** Something about a task that succeeded: it becomes an event of the job. */
export interface TaskWarning {
  /** Stable, kebab-case. */
  readonly code: string
  readonly message: string
}

/** What an earlier task left that did the same work. */
export interface ReusableOutcome {
  readonly taskId: string
  readonly jobId: string
  /** Of the task in its job. */
  readonly key: string
  readonly result: Readonly<Record<string, unknown>>
  readonly artifacts: readonly Artifact[]
  /** Its learning curve. */
  readonly epochs: readonly { readonly epoch: number }[]
}

export interface TaskOutcome {
  /** See {@link ReusableOutcome}; null where nobody may take the work over. */
  readonly reuseKey: string | null
  /** Id of the task whose artifacts these are; null where this one made them. */
  readonly reusedTaskId: string | null
  readonly result: Readonly<Record<string, unknown>>
  readonly artifacts: readonly Artifact[]
  readonly models: readonly Omit<Model, 'createdAt'>[]
  readonly report: Report | null
  readonly warnings: readonly TaskWarning[]
}

/** A model that a job trained and keeps. */
export interface DeliveredModel {
  readonly id: string
  readonly role: ModelRole
  /** Which member or assistant, from 0; 0 for other roles. */
  readonly index: number
}

export interface JobView {
  readonly id: string
  readonly name: string | null
  readonly status: JobStatus
  readonly spec: unknown
  readonly resolved: ResolvedJob
  readonly failure: (Failure & { readonly task: string }) | null
  readonly createdAt: Date
  readonly startedAt: Date | null
  readonly finishedAt: Date | null
  readonly tasks: readonly TaskView[]
  /** Jobs that were submitted earlier and still wait; null unless queued. */
  readonly jobsAhead: number | null
  readonly models: readonly DeliveredModel[]
}

export interface JobEvent {
  readonly sequence: number
  readonly type: string
  readonly data: unknown
  readonly at: Date
}

export interface EpochRow {
  readonly task: string
  readonly arm: Arm | null
  /** Which member or assistant, from 0; null or absent for other arms. */
  readonly index?: number | null
  readonly fold: number | null
  readonly attempt: number
  readonly values: unknown
}
