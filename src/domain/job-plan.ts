/** The tasks of a job and what each waits for. A pure function of the resolved job. */
import type { ResolvedJob } from './resolved-job.ts'
import type { Arm, TaskKind } from './words.ts'

export interface PlannedTask {
  /** Unique in the job, for example `distilled/fold-3` or `report`. */
  readonly key: string
  readonly kind: TaskKind
  /** Null where it is about more than one. */
  readonly arm: Arm | null
  /** Null for the final training and for the report. */
  readonly fold: number | null
  /** Keys of the tasks that must have succeeded. */
  readonly after: readonly string[]
}

/** How often the networks of a job are trained on a part of the rows, beside the final training. */
export const foldCount = (job: ResolvedJob): number =>
  job.evaluation.split.kind === 'k-fold' ? job.evaluation.split.folds : 0

/** True when the final networks are measured: on the part that holdout keeps back, or on a test set. */
export const finalIsMeasured = (job: ResolvedJob): boolean =>
  job.evaluation.split.kind === 'holdout' || job.testSet !== null

export const taskKey = (arm: Arm, fold: number | null): string =>
  `${arm}/${fold === null ? 'final' : `fold-${fold}`}`

/** The teacher task whose answers a student of `fold` learns from. */
export const teacherKey = (job: ResolvedJob, fold: number | null): string =>
  taskKey('teacher', job.evaluation.teacherPerFold === 'retrain' ? fold : null)

/**
 * Tasks in the order in which they should be started: fold by fold, so that first results come early.
 * The teacher of the final comes first where folds share it.
 */
export function planJob(job: ResolvedJob): PlannedTask[] {
  const tasks: PlannedTask[] = []
  const add = (kind: TaskKind, arm: Arm, fold: number | null, after: readonly string[] = []) =>
    tasks.push({ key: taskKey(arm, fold), kind, arm, fold, after })
  const addTeacher = (fold: number | null) =>
    add(job.teacher.kind === 'train' ? 'train' : 'predict', 'teacher', fold)
  const shared = job.evaluation.teacherPerFold === 'frozen'

  if (shared) addTeacher(null)
  for (let fold = 0; fold < foldCount(job); fold++) {
    if (!shared) addTeacher(fold)
    if (job.evaluation.control) add('train', 'control', fold)
    add('train', 'distilled', fold, [teacherKey(job, fold)])
  }
  if (!shared) addTeacher(null)
  if (job.evaluation.control && finalIsMeasured(job)) add('train', 'control', null)
  add('train', 'distilled', null, [taskKey('teacher', null)])
  // Each after all before it: times are measured when no other task of the job runs.
  for (const kind of ['latency', 'report'] as const)
    tasks.push({ key: kind, kind, arm: null, fold: null, after: tasks.map(({ key }) => key) })
  return tasks
}
