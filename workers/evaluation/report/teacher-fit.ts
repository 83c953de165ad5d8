/** How the teacher answers on the rows it was trained on, and what its soft labels say. */
import { foldCount } from '../../../src/domain/job-plan.ts'
import type { TeacherFit } from '../../../src/domain/report/teacher-fit.ts'
import type { ResolvedJob } from '../../../src/domain/resolved-job.ts'
import { partition } from '../../../src/splits/split.ts'
import { cut, teacherLogits } from '../logits-store.ts'
import { measure } from '../metrics/metrics.ts'
import { scoreRows } from '../metrics/row-scores.ts'
import { softness } from '../metrics/softness.ts'
import type { MeasuredPart } from './measured-part.ts'
import type { Scene } from './scene.ts'

type Answers = TeacherFit['heldOut']
type SoftLabels = TeacherFit['softLabels'][number]
type Temperature = Pick<SoftLabels, 'method' | 'temperature'>

/** Methods whose temperature softens the teacher's probabilities. */
const SOFT_LABEL_METHODS: ReadonlySet<string> = new Set(['soft-targets', 'decoupled', 'dist'])

/** Of each soft-label method and temperature in the objective once. */
function temperaturesOf({ objective, evaluation }: ResolvedJob): Temperature[] {
  // The teacher that is measured is then another one than those that made the soft labels.
  if (evaluation.innerFolds !== undefined) return []
  const found = new Map<string, Temperature>()
  for (const term of objective) {
    const { method } = term
    const temperature = 'temperature' in term ? term.temperature : null
    if (SOFT_LABEL_METHODS.has(method) && typeof temperature === 'number')
      found.set(`${method} ${temperature}`, { method, temperature })
  }
  return [...found.values()]
}

/** What one teacher says on the rows of its students. */
interface Lesson {
  readonly answers: Answers
  readonly softLabels: readonly SoftLabels[]
}

/** @param fold of the teacher */
function lessonOf(scene: Scene, fold: number | null, rows: Uint32Array): Lesson | null {
  const { task, read, labels } = scene
  const { dataset } = task.job
  const classes = dataset.classNames.length
  const all = teacherLogits(task.logits, read, fold, dataset.rows, classes)
  if (all === null || rows.length === 0) return null
  const logits = cut(all, classes, rows)
  const ownLabels = Int32Array.from(rows, (row) => labels[row] ?? -1)
  const { accuracy, nll, meanConfidence } = measure(scoreRows(logits, ownLabels, classes, null))
  if (accuracy === null || nll === null || meanConfidence === null) return null
  return {
    answers: { rows: rows.length, accuracy, nll, meanConfidence },
    softLabels: temperaturesOf(task.job).map((one) => ({
      ...one,
      ...softness(logits, classes, one.temperature),
    })),
  }
}

/** One for each teacher; a teacher that all folds share teaches once. */
function lessonsOf(scene: Scene, parts: readonly MeasuredPart[]): Lesson[] {
  const { labels, groups, task } = scene
  const { split, teacherPerFold } = task.job.evaluation
  const isShared = teacherPerFold === 'frozen' && foldCount(task.job) > 0
  const folds = isShared ? [null] : parts.map(({ fold }) => fold)
  return folds.flatMap((fold) => {
    const { training } = isShared
      ? { training: Uint32Array.from(labels.keys()) }
      : partition(split, labels, fold, groups)
    return lessonOf(scene, fold, training) ?? []
  })
}

/** Mean over several, each weighted by its rows. */
function mean(lessons: readonly Lesson[], of: (lesson: Lesson) => number): number {
  const rows = lessons.reduce((sum, { answers }) => sum + answers.rows, 0)
  return lessons.reduce((sum, lesson) => sum + of(lesson) * lesson.answers.rows, 0) / rows
}

function heldOutAnswers(parts: readonly MeasuredPart[]): Answers {
  const lessons: Lesson[] = parts.map(({ rows, metrics: { teacher } }) => ({
    answers: {
      rows: rows.length,
      accuracy: teacher.accuracy ?? 0,
      nll: teacher.nll ?? 0,
      meanConfidence: teacher.meanConfidence ?? 0,
    },
    softLabels: [],
  }))
  return meanAnswers(lessons)
}

const meanAnswers = (lessons: readonly Lesson[]): Answers => ({
  rows: lessons.reduce((sum, { answers }) => sum + answers.rows, 0),
  accuracy: mean(lessons, ({ answers }) => answers.accuracy),
  nll: mean(lessons, ({ answers }) => answers.nll),
  meanConfidence: mean(lessons, ({ answers }) => answers.meanConfidence),
})

/**
 * @param parts the folds, or the final alone
 * @param isHeldOut false where the teacher may have seen what was held out: there is no shift to measure then
 */
export function describeTeacherFit(
  scene: Scene,
  parts: readonly MeasuredPart[],
  isHeldOut: boolean,
): TeacherFit {
  const { job } = scene.task
  const lessons = lessonsOf(scene, parts)
  const heldOut = heldOutAnswers(parts)
  const training = job.teacher.kind === 'train' && lessons.length > 0 ? meanAnswers(lessons) : null
  const softLabels = (lessons[0]?.softLabels ?? []).map(({ method, temperature }, index) => ({
    method,
    temperature,
    meanLargest: mean(lessons, (lesson) => lesson.softLabels[index]?.meanLargest ?? 0),
    meanEntropy: mean(lessons, (lesson) => lesson.softLabels[index]?.meanEntropy ?? 0),
  }))
  return {
    training,
    heldOut,
    softLabels,
    shift: training && isHeldOut ? heldOut.nll - training.nll : null,
  }
}
