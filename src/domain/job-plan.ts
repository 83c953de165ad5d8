/** The tasks of a job and what each waits for. A pure function of the resolved job. */
import { foldsOf, repeatsOf } from './evaluation.ts'
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
  /**
   * There only for a teacher of cross-fit that answers a part of the training rows: the index of that part, which it is not
   * trained on.
   */
  readonly innerFold?: number
  /** Keys of the tasks that must have succeeded. */
  readonly after: readonly string[]
}

/** In all repeats together: how often the networks of a job are trained on a part of the rows, beside the final training. */
export const foldCount = ({ evaluation: { split } }: ResolvedJob): number =>
  foldsOf(split) * repeatsOf(split)

/** True when the final networks are measured: on the part that holdout keeps back, or on a test set. */
export const finalIsMeasured = (job: ResolvedJob): boolean =>
  job.evaluation.split.kind === 'holdout' || job.testSet !== null

export const taskKey = (arm: Arm, fold: number | null): string =>
  `${arm}/${fold === null ? 'final' : `fold-${fold}`}`

/** The task of the teacher that a student of `fold` is compared with and, but for cross-fit, learns from. No peer has one. */
export const teacherKey = (job: ResolvedJob, fold: number | null): string =>
  taskKey('teacher', job.evaluation.teacherPerFold === 'frozen' ? null : fold)

/** The teachers whose answers on the rows they did not see are what a student of `fold` learns from; none without cross-fit. */
export const innerTeacherKeys = (
  { evaluation: { innerFolds = 0 } }: ResolvedJob,
  fold: number | null,
): string[] =>
  Array.from({ length: innerFolds }, (_, part) => `${taskKey('teacher', fold)}/inner-${part}`)

/**
 * Tasks in the order in which they should be started: fold by fold, so that first results come early.
 * The teacher of the final comes first where folds share it.
 */
export function planJob(job: ResolvedJob): PlannedTask[] {
  const tasks: PlannedTask[] = []
  const add = (kind: TaskKind, arm: Arm, fold: number | null, after: readonly string[] = []) =>
    tasks.push({ key: taskKey(arm, fold), kind, arm, fold, after })
  const addTeacher = (fold: number | null) => {
    // A peer is trained in the tasks of the student.
    if (job.teacher.kind === 'peer') return
    add(job.teacher.kind === 'train' ? 'train' : 'predict', 'teacher', fold)
    for (const [innerFold, key] of innerTeacherKeys(job, fold).entries())
      tasks.push({ key, kind: 'train', arm: 'teacher', fold, innerFold, after: [] })
  }
  const teachersOf = (fold: number | null): string[] => {
    if (job.teacher.kind === 'peer') return []
    const inner = innerTeacherKeys(job, fold)
    return inner.length > 0 ? inner : [teacherKey(job, fold)]
  }
  const addStudents = (fold: number | null, withControl: boolean) => {
    const isMatched = job.evaluation.controlBudget === 'matched-seconds'
    // A control of the same epochs waits for nothing, and so gives the worker something to do.
    if (withControl && !isMatched) add('train', 'control', fold)
    add('train', 'distilled', fold, teachersOf(fold))
    if (withControl && isMatched)
      add('train', 'control', fold, [teacherKey(job, fold), taskKey('distilled', fold)])
  }
  const shared = job.evaluation.teacherPerFold === 'frozen'

  if (shared) addTeacher(null)
  for (let fold = 0; fold < foldCount(job); fold++) {
    if (!shared) addTeacher(fold)
    addStudents(fold, job.evaluation.control)
  }
  if (!shared) addTeacher(null)
  addStudents(null, job.evaluation.control && finalIsMeasured(job))
  // Each after all before it: times are measured when no other task of the job runs.
  for (const kind of ['latency', 'report'] as const)
    tasks.push({ key: kind, kind, arm: null, fold: null, after: tasks.map(({ key }) => key) })
  return tasks
}
