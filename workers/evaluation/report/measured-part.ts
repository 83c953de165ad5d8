/** One measurement: the arms of a fold on its held-out rows, or the delivered networks on theirs. */
import { finalIsMeasured, foldCount } from '../../../src/domain/job-plan.ts'
import type { Metrics } from '../../../src/domain/report/metrics.ts'
import type { Measurement } from '../../../src/domain/report/report.ts'
import { omittedClasses } from '../../../src/domain/transfer.ts'
import type { ComparedArm } from '../../../src/domain/words.ts'
import { partition } from '../../../src/splits/split.ts'
import { transferSet } from '../../../src/splits/transfer-set.ts'
import { armLogits, type MeasuredRows } from '../logits-store.ts'
import { measure } from '../metrics/metrics.ts'
import { type RowScores, scoreRows } from '../metrics/row-scores.ts'
import { type ByArm, mapArms } from './arms.ts'
import type { Scene } from './scene.ts'

export interface MeasuredPart {
  /** Null: the final. */
  readonly fold: number | null
  /** Measured rows, of the dataset or of the test set, ascending. */
  readonly rows: Uint32Array
  readonly trainingRows: number
  readonly scores: ByArm<RowScores>
  readonly metrics: ByArm<Metrics>
}

/** Fold whose teacher taught the students of `fold`. */
export const teacherFold = ({ task }: Pick<Scene, 'task'>, fold: number | null): number | null =>
  task.job.evaluation.teacherPerFold === 'frozen' ? null : fold

function measurePart(
  scene: Scene,
  fold: number | null,
  measured: MeasuredRows,
  labels: Int32Array,
  trainingRows: number,
): MeasuredPart {
  const { evaluation, dataset } = scene.task.job
  const classes = dataset.classNames.length
  const logits = (arm: ComparedArm, trainedFor = fold): Float32Array =>
    armLogits(scene.task.logits, scene.read, { arm, fold, trainedFor, rows: measured, classes })
  const ofTeacher = logits('teacher', teacherFold(scene, fold))
  const scores: ByArm<RowScores> = {
    teacher: scoreRows(ofTeacher, labels, classes, null),
    distilled: scoreRows(logits('distilled'), labels, classes, ofTeacher),
    control: evaluation.control ? scoreRows(logits('control'), labels, classes, ofTeacher) : null,
  }
  const rows =
    measured.kind === 'held-out'
      ? measured.indices
      : Uint32Array.from({ length: measured.count }, (_, row) => row)
  return { fold, rows, trainingRows, scores, metrics: mapArms(scores, measure) }
}

/** How many rows the students were trained on. */
function transferRows({ task, labels }: Scene, training: Uint32Array): number {
  const { transfer, dataset } = task.job
  return transferSet(training, labels, omittedClasses(transfer, dataset.classNames)).training.length
}

function measureHeldOut(scene: Scene, fold: number | null): MeasuredPart {
  const { labels, groups, task } = scene
  const { training, heldOut } = partition(task.job.evaluation.split, labels, fold, groups)
  const heldOutLabels = Int32Array.from(heldOut, (row) => labels[row] ?? -1)
  const rows: MeasuredRows = { kind: 'held-out', indices: heldOut, of: labels.length }
  return measurePart(scene, fold, rows, heldOutLabels, transferRows(scene, training))
}

/** In their order. */
export const measureFolds = (scene: Scene): MeasuredPart[] =>
  Array.from({ length: foldCount(scene.task.job) }, (_, fold) => measureHeldOut(scene, fold))

/** On the test set where there is one, else on the part that holdout keeps back; null where there is neither. */
export function measureFinal(scene: Scene): MeasuredPart | null {
  const { job } = scene.task
  if (!finalIsMeasured(job)) return null
  if (scene.testLabels === null) return measureHeldOut(scene, null)
  const { training } = partition(job.evaluation.split, scene.labels, null, scene.groups)
  const rows: MeasuredRows = { kind: 'test-set', count: scene.testLabels.length }
  return measurePart(scene, null, rows, scene.testLabels, transferRows(scene, training))
}

export const toMeasurement = ({ rows, trainingRows, metrics }: MeasuredPart): Measurement => ({
  heldOutRows: rows.length,
  trainingRows,
  ...metrics,
})
