/** What each network makes of the classes that its transfer set left out, and what raising their biases did. */
import { finalIsMeasured, foldCount } from '../../src/domain/job-plan.ts'
import type { OmittedClass } from '../../src/domain/report/omitted-class.ts'
import { omittedClasses } from '../../src/domain/transfer.ts'
import { partition } from '../../src/splits/split.ts'
import { transferSet } from '../../src/splits/transfer-set.ts'
import type { Rebalancing } from '../trainer-contract.ts'
import { armLogits, type MeasuredRows } from './logits-store.ts'
import { argmax } from './metrics/argmax.ts'
import type { Scene } from './report/scene.ts'

type StudentArm = 'distilled' | 'control'

const ratio = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole)

const countOf = (values: Int32Array, wanted: number): number =>
  values.reduce((count, value) => count + (value === wanted ? 1 : 0), 0)

/** Of the rows of a class. */
function recall(answers: Int32Array, labels: Int32Array, of: number): number | null {
  const right = answers.filter((answer, row) => answer === of && labels[row] === of).length
  return ratio(right, countOf(labels, of))
}

function accuracy(answers: Int32Array, labels: Int32Array): number | null {
  return ratio(answers.filter((answer, row) => answer === labels[row]).length, labels.length)
}

/** As they were before biases were raised, to within float32. */
function withoutShifts(
  logits: Float32Array,
  classes: number,
  rebalancings: readonly Rebalancing[],
): Float32Array {
  const shifts = new Float64Array(classes)
  for (const { class: of, biasShift } of rebalancings) shifts[of] = biasShift
  return logits.map((logit, at) => logit - (shifts[at % classes] as number))
}

function readRebalancings({ task, read }: Scene, arm: StudentArm, fold: number | null) {
  const file = task.rebalancings?.find((one) => one.arm === arm && one.fold === fold)
  if (!file) return []
  return JSON.parse(new TextDecoder().decode(read(file.path))) as Rebalancing[]
}

/** The rows that the networks of a fold are measured on, and their labels; null: those of this final are not measured. */
function measuredRows(
  { task, labels, testLabels }: Scene,
  fold: number | null,
  heldOut: Uint32Array,
): { rows: MeasuredRows; labels: Int32Array } | null {
  if (fold === null && !finalIsMeasured(task.job)) return null
  if (fold === null && testLabels)
    return { rows: { kind: 'test-set', count: testLabels.length }, labels: testLabels }
  return {
    rows: { kind: 'held-out', indices: heldOut, of: labels.length },
    labels: Int32Array.from(heldOut, (row) => labels[row] as number),
  }
}

function ofFold(scene: Scene, fold: number | null, omitted: readonly number[]): OmittedClass[] {
  const { task, read, labels, groups } = scene
  const { evaluation, dataset } = task.job
  const { classNames } = dataset
  const parts = partition(evaluation.split, labels, fold, groups)
  const left = transferSet(parts.training, labels, omitted).omitted
  const omittedLabels = Int32Array.from(left, (row) => labels[row] as number)
  const measured = measuredRows(scene, fold, parts.heldOut)
  const logitsOf = (arm: OmittedClass['arm']): Float32Array => {
    if (!measured) return new Float32Array()
    const isShared = arm === 'teacher' && evaluation.teacherPerFold === 'frozen'
    const trainedFor = isShared ? null : fold
    const { rows } = measured
    const wanted = { arm, fold, trainedFor, rows, classes: classNames.length }
    return armLogits(task.logits, read, wanted)
  }
  const ofArm = (arm: OmittedClass['arm']): OmittedClass[] => {
    const rebalancings = arm === 'teacher' ? [] : readRebalancings(scene, arm, fold)
    const ofRows = measured?.labels ?? new Int32Array()
    const logits = logitsOf(arm)
    const answers = argmax(logits, classNames.length)
    const asTrained =
      rebalancings.length > 0
        ? argmax(withoutShifts(logits, classNames.length, rebalancings), classNames.length)
        : answers
    return omitted.map((of) => {
      const done = rebalancings.find((one) => one.class === of)
      return {
        arm,
        fold,
        class: classNames[of] ?? '',
        omittedRows: arm === 'teacher' ? 0 : countOf(omittedLabels, of),
        heldOutRows: countOf(ofRows, of),
        recall: recall(answers, ofRows, of),
        rebalancing: done
          ? {
              biasShift: done.biasShift,
              targetShare: done.targetShare,
              shareBefore: done.shareBefore,
              shareAfter: done.shareAfter,
              recallBefore: recall(asTrained, ofRows, of),
              accuracyBefore: accuracy(asTrained, ofRows),
            }
          : null,
      }
    })
  }
  // Nothing is known of a final teacher or control that is not measured; a delivered student has a bias to tell of.
  if (!measured) return ofArm('distilled')
  return [
    ...ofArm('teacher'),
    ...ofArm('distilled'),
    ...(evaluation.control ? ofArm('control') : []),
  ]
}

/**
 * Of each network and omitted class: folds first, then the final.
 * @returns null where no class was omitted
 */
export function measureOmitted(scene: Scene): OmittedClass[] | null {
  const { job } = scene.task
  const omitted = omittedClasses(job.transfer, job.dataset.classNames)
  if (omitted.length === 0) return null
  const folds = [...Array.from({ length: foldCount(job) }, (_, fold) => fold), null]
  return folds.flatMap((fold) => ofFold(scene, fold, omitted))
}
