/**
 * The words of this service. Each is used for one thing, in code, in the API and in the documentation.
 *
 * - **dataset**: immutable, content-addressed rows with labels.
 * - **transfer set**: the rows a student trains on.
 * - **model**: a stored network with its architecture and lineage. *Teacher* and *student* are roles of a
 *   model: a student can be the teacher of the next job.
 * - **job**: what a client submits.
 * - **task**: what a worker executes: one trained network (an arm on a fold), the outputs of a given
 *   teacher, the mixture of an ensemble, the times of the delivered networks, or the report.
 * - **attempt**: one execution of a task by one worker. Attempts are numbered, and the number fences the
 *   attempt's writes: a worker that lost its task can no longer change anything.
 * - **arm**: which network a task trains (see {@link ARMS}).
 * - **ensemble**: a teacher whose answers are a mixture of those of its **members**.
 * - **assistant**: a network between teacher and student: taught by the one before it, it teaches the one after it. All
 *   assistants of a job are its **chain**.
 * - **fold**: index of a held-out part, from 0. **final**: the training on all training rows, whose weights
 *   are delivered.
 * - **objective**: weighted **terms**; each term names a **method**.
 * - **report**: everything that was measured.
 *
 * A BullMQ job is always called a *queue job*.
 */

/** `control` is the student with the same seed, batch order and budget, and without a teacher. */
export const ARMS = ['teacher', 'distilled', 'control', 'member', 'assistant'] as const
export type Arm = (typeof ARMS)[number]

/** Arms that a report compares; the others are parts of a teacher, or between it and the student. */
export const COMPARED_ARMS = ['teacher', 'distilled', 'control'] as const
export type ComparedArm = (typeof COMPARED_ARMS)[number]

/** Arms of which a job can have several, told apart by an index from 0. */
export type IndexedArm = Extract<Arm, 'member' | 'assistant'>

const TRAITS: Readonly<Record<Arm, { readonly teaches: boolean; readonly knowsLabels: boolean }>> =
  {
    teacher: { teaches: true, knowsLabels: true },
    member: { teaches: true, knowsLabels: true },
    assistant: { teaches: true, knowsLabels: false },
    distilled: { teaches: false, knowsLabels: false },
    control: { teaches: false, knowsLabels: false },
  }

/** Whether other networks learn from this one, so that its answers on every row are wanted. */
export const teaches = (arm: Arm): boolean => TRAITS[arm].teaches

/** Whether it may use the label of every training row; else only the share that the student may use. */
export const knowsLabels = (arm: Arm): boolean => TRAITS[arm].knowsLabels

export const JOB_STATUSES = [
  'queued',
  'running',
  'cancelling',
  'succeeded',
  'failed',
  'cancelled',
] as const
export type JobStatus = (typeof JOB_STATUSES)[number]

/** `blocked` waits for other tasks; `ready` waits for a worker. */
export const TASK_STATUSES = [
  'blocked',
  'ready',
  'running',
  'succeeded',
  'failed',
  'cancelled',
] as const
export type TaskStatus = (typeof TASK_STATUSES)[number]

/**
 * `predict` records what a given teacher answers, `combine` mixes the answers of an ensemble, and `latency` records how
 * long networks take; none of them trains.
 */
export const TASK_KINDS = ['train', 'predict', 'combine', 'latency', 'report'] as const
export type TaskKind = (typeof TASK_KINDS)[number]

/** What a delivered model was in its job. */
export const MODEL_ROLES = ['teacher', 'student', 'member', 'assistant'] as const
export type ModelRole = (typeof MODEL_ROLES)[number]

/** What a running task is doing, in this order. */
export const PHASES = ['load', 'train', 'evaluate', 'export', 'report'] as const
export type Phase = (typeof PHASES)[number]
