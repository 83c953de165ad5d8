/** The tasks of a job and what each waits for. A pure function of the resolved job. */
import { foldsOf, repeatsOf } from './evaluation.ts'
import type { ResolvedJob, ResolvedMember } from './resolved-job.ts'
import type { Arm, IndexedArm, TaskKind } from './words.ts'

/** Which network of a job, trained for which part. */
export interface TaskPlace {
  /** Null where it is about more than one. */
  readonly arm: Arm | null
  /** Which member or assistant, from 0; null or absent for other arms. */
  readonly index?: number | null
  /** Null for the final training and for the report. */
  readonly fold: number | null
}

export interface PlannedTask extends TaskPlace {
  /** Unique in the job, for example `distilled/fold-3`, `assistant-0/final` or `report`. */
  readonly key: string
  readonly kind: TaskKind
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

const part = (fold: number | null): string => (fold === null ? 'final' : `fold-${fold}`)

export const taskKey = (arm: Exclude<Arm, IndexedArm>, fold: number | null): string =>
  `${arm}/${part(fold)}`

export const indexedKey = (arm: IndexedArm, index: number, fold: number | null): string =>
  `${arm}-${index}/${part(fold)}`

/** The fold for which the teacher of `fold` was trained. */
const teacherFold = (job: ResolvedJob, fold: number | null): number | null =>
  job.evaluation.teacherPerFold === 'frozen' ? null : fold

/** The teacher task whose answers are the teacher's in `fold`; but for cross-fit, students learn from it. No peer has one. */
export const teacherKey = (job: ResolvedJob, fold: number | null): string =>
  taskKey('teacher', teacherFold(job, fold))

/** The teachers whose answers on the rows they did not see are what a student of `fold` learns from; none without cross-fit. */
export const innerTeacherKeys = (
  { evaluation: { innerFolds = 0 } }: ResolvedJob,
  fold: number | null,
): string[] =>
  Array.from({ length: innerFolds }, (_, inner) => `${taskKey('teacher', fold)}/inner-${inner}`)

/** The fold for which a member of the ensemble of `fold` was trained: a given one serves all of them. */
export const memberFold = (
  job: ResolvedJob,
  member: ResolvedMember,
  fold: number | null,
): number | null => (member.kind === 'train' ? teacherFold(job, fold) : null)

/** Assistants that come before a network that is taught. */
const assistantsBefore = (job: ResolvedJob, { arm, index }: TaskPlace): number =>
  arm === 'assistant' ? (index ?? 0) : (job.chain?.length ?? 0)

/** Index of the assistant that teaches a network; null where the teacher of the job does. */
export function teachingAssistant(job: ResolvedJob, place: TaskPlace): number | null {
  const before = assistantsBefore(job, place)
  return before === 0 ? null : before - 1
}

/** The task whose answers a network that is taught learns from, but for cross-fit. */
export function teachingKey(job: ResolvedJob, place: TaskPlace): string {
  const assistant = teachingAssistant(job, place)
  return assistant === null
    ? teacherKey(job, place.fold)
    : indexedKey('assistant', assistant, place.fold)
}

/** All tasks that have to be done before a network can be taught. */
function teachingKeys(job: ResolvedJob, place: TaskPlace): string[] {
  if (job.teacher.kind === 'peer') return []
  const inner = innerTeacherKeys(job, place.fold)
  return inner.length > 0 ? inner : [teachingKey(job, place)]
}

type Add = (
  kind: TaskKind,
  place: TaskPlace & { arm: Arm; innerFold?: number },
  after?: readonly string[],
) => void

const kindOf = (teacher: ResolvedMember): TaskKind =>
  teacher.kind === 'train' ? 'train' : 'predict'

/** The tasks that make the teacher of `fold`. */
function addTeacher(job: ResolvedJob, fold: number | null, add: Add): void {
  const { teacher } = job
  // It is trained in the tasks of the student.
  if (teacher.kind === 'peer') return
  if (teacher.kind !== 'ensemble') {
    add(kindOf(teacher), { arm: 'teacher', fold })
    for (const innerFold of innerTeacherKeys(job, fold).keys())
      add('train', { arm: 'teacher', fold, innerFold })
    return
  }
  const keys = teacher.members.map((member, index) => {
    const own = memberFold(job, member, fold)
    add(kindOf(member), { arm: 'member', index, fold: own })
    return indexedKey('member', index, own)
  })
  add('combine', { arm: 'teacher', fold }, keys)
}

function keyOf(
  job: ResolvedJob,
  { arm, index, fold, innerFold }: TaskPlace & { arm: Arm; innerFold?: number },
): string {
  if (arm === 'member' || arm === 'assistant') return indexedKey(arm, index ?? 0, fold)
  if (innerFold === undefined) return taskKey(arm, fold)
  return innerTeacherKeys(job, fold)[innerFold] as string
}

/**
 * Tasks in the order in which they should be started: fold by fold, so that first results come early.
 * The teacher of the final comes first where folds share it.
 */
export function planJob(job: ResolvedJob): PlannedTask[] {
  const tasks = new Map<string, PlannedTask>()
  const add: Add = (kind, { index = null, ...place }, after = []) => {
    const key = keyOf(job, { ...place, index })
    // A given member of an ensemble is asked once, for all folds.
    if (!tasks.has(key)) tasks.set(key, { key, kind, index, ...place, after })
  }
  const addTaught = (place: TaskPlace & { arm: Arm }): void =>
    add('train', place, teachingKeys(job, place))
  const addStudents = (fold: number | null, withControl: boolean): void => {
    const isMatched = job.evaluation.controlBudget === 'matched-seconds'
    // A control of the same epochs waits for nothing, and so gives the worker something to do.
    if (withControl && !isMatched) add('train', { arm: 'control', fold })
    for (const index of job.chain?.keys() ?? []) addTaught({ arm: 'assistant', index, fold })
    addTaught({ arm: 'distilled', fold })
    if (withControl && isMatched)
      add('train', { arm: 'control', fold }, [teacherKey(job, fold), taskKey('distilled', fold)])
  }
  const shared = job.evaluation.teacherPerFold === 'frozen'

  if (shared) addTeacher(job, null, add)
  for (let fold = 0; fold < foldCount(job); fold++) {
    if (!shared) addTeacher(job, fold, add)
    addStudents(fold, job.evaluation.control)
  }
  if (!shared) addTeacher(job, null, add)
  addStudents(null, job.evaluation.control && finalIsMeasured(job))
  // Each after all before it: times are measured when no other task of the job runs.
  for (const kind of ['latency', 'report'] as const)
    tasks.set(kind, {
      key: kind,
      kind,
      arm: null,
      index: null,
      fold: null,
      after: [...tasks.keys()],
    })
  return [...tasks.values()]
}
