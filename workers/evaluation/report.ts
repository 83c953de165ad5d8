/** The report of a job, computed from stored logits and labels alone. */
import { repeatOf } from '../../src/domain/evaluation.ts'
import { foldCount } from '../../src/domain/job-plan.ts'
import type { Report } from '../../src/domain/report/report.ts'
import { partition } from '../../src/splits/split.ts'
import type { ReportTask } from '../trainer-contract.ts'
import type { ReadFile } from './logits-store.ts'
import { measureOmitted } from './omitted-classes.ts'
import { summarizeArms } from './report/arm-reports.ts'
import { testDifferences } from './report/comparisons.ts'
import { describeConvergence } from './report/describe-convergence.ts'
import { describeEvaluation } from './report/describe-evaluation.ts'
import { describePool } from './report/describe-pool.ts'
import { reportInnerNetworks } from './report/inner-networks.ts'
import {
  type MeasuredPart,
  measureFinal,
  measureFolds,
  toMeasurement,
} from './report/measured-part.ts'
import { poolParts } from './report/pool.ts'
import { bootstrapSeed, resamplePool } from './report/resampled.ts'
import { openScene, type Scene } from './report/scene.ts'
import { leakStamps, reportStamps } from './report/stamps.ts'
import { suggestedWeights } from './report/suggested-weights.ts'
import { describeTeacherFit } from './report/teacher-fit.ts'
import { reachVerdict } from './report/verdict.ts'
import { reportWarnings } from './report/warnings.ts'

function describeDataset({ dataset }: ReportTask['job']): Report['dataset'] {
  const { id, name, contentSha256, rows, inputShape, classNames } = dataset
  return {
    id,
    name,
    contentSha256,
    rows,
    inputShape: [...inputShape],
    classNames: [...classNames],
  }
}

/** Of all rows behind the numbers of the arms. */
function labelsOfMeasuredRows({ task, labels, groups, testLabels }: Scene): Int32Array {
  if (foldCount(task.job) > 0) return labels
  const { heldOut } = partition(task.job.evaluation.split, labels, null, groups)
  return testLabels ?? Int32Array.from(heldOut, (row) => labels[row] ?? -1)
}

/** What the report is about: the folds, or the final where there are none. */
function comparedParts(folds: readonly MeasuredPart[], final: MeasuredPart | null) {
  if (folds.length > 0) return folds
  if (final) return [final]
  throw new RangeError('nothing is measured: there are neither folds nor a measured final')
}

/**
 * Every number of the report, as a pure function of the task and of the files it names.
 *
 * @param read bytes of a file that the task names
 * @throws MeasurementError when logits are missing, not finite or of another size, or labels are out of range
 */
export function buildReport(task: ReportTask, read: ReadFile): Report {
  const { job } = task
  const scene = openScene(task, read)
  const folds = measureFolds(scene)
  const final = measureFinal(scene)
  const compared = comparedParts(folds, final)
  const seed = bootstrapSeed(job.seed)
  const isHeldOut = leakStamps(job).length === 0
  const omitted = measureOmitted(scene)

  // Groups are those of the dataset: rows of a test set have none.
  const groups = compared === folds || scene.testLabels === null ? scene.groups : null
  const pool = poolParts(compared, groups)
  const pooled = describePool(pool, resamplePool(pool, seed))
  const finalPool = final && (folds.length > 0 ? poolParts([final], null) : null)
  const pooledFinal = finalPool && describePool(finalPool, resamplePool(finalPool, seed))

  const significance = testDifferences(compared, pool, seed)
  const verdict = reachVerdict(significance, pooled, isHeldOut)
  const summaries = summarizeArms(scene, compared)
  const teacherFit = describeTeacherFit(scene, compared, isHeldOut)
  const facts = { arms: summaries.arms, verdict, teacherFit }
  return {
    version: 2,
    dataset: describeDataset(job),
    evaluation: describeEvaluation(scene),
    verdict,
    stamps: reportStamps(job),
    warnings: reportWarnings(job, facts, labelsOfMeasuredRows(scene)),
    ...summaries,
    ...reportInnerNetworks(scene, { folds, final }),
    significance,
    pooled:
      folds.length > 0 ? { folds: pooled, final: pooledFinal } : { folds: null, final: pooled },
    teacherFit,
    convergence: describeConvergence(scene),
    folds: folds.map((part, fold) => ({
      fold,
      repeat: repeatOf(job.evaluation.split, fold),
      ...toMeasurement(part),
    })),
    final: final && toMeasurement(final),
    ...(omitted ? { omitted } : {}),
    ...(task.suggestions.length > 0 ? { suggestedWeights: suggestedWeights(scene) } : {}),
  }
}
