/** How the numbers of a report came about. */
import { foldsOf, repeatsOf } from '../../../src/domain/evaluation.ts'
import type { Report } from '../../../src/domain/report/report.ts'
import type { ResolvedJob } from '../../../src/domain/resolved-job.ts'
import type { Training } from '../../../src/domain/training.ts'
import { splitSha256 } from '../../../src/splits/split.ts'
import type { Scene } from './scene.ts'

const reportedEpoch = ({ earlyStopping }: Training): 'last' | 'inner-validation' =>
  earlyStopping?.restoreBest ? 'inner-validation' : 'last'

/** Null where rows are split one by one. */
function groupsOf({ dataset, evaluation }: ResolvedJob): Report['evaluation']['groups'] {
  if (!evaluation.split.grouped || !dataset.groups) return null
  const { column, count } = dataset.groups
  return { column, count }
}

export function describeEvaluation({ task: { job }, labels, groups }: Scene): Report['evaluation'] {
  const { split, teacherPerFold } = job.evaluation
  return {
    protocol: split.kind === 'none' ? 'test-set' : split.kind,
    folds: foldsOf(split),
    repeats: repeatsOf(split),
    stratified: split.kind !== 'none' && split.stratified,
    groups: groupsOf(job),
    splitSha256: splitSha256(split, labels, groups),
    teacherPerFold,
    innerFolds: job.evaluation.innerFolds ?? null,
    reportedEpoch: {
      teacher: job.teacher.kind === 'train' ? reportedEpoch(job.teacher.training) : null,
      student: reportedEpoch(job.student.training),
    },
    labelledFraction: job.transfer.labelledFraction,
    seed: job.seed,
  }
}
