/** Facts that change what all numbers of the report mean. */
import { foldCount } from '../../../src/domain/job-plan.ts'
import type { ResolvedJob } from '../../../src/domain/resolved-job.ts'

const CONSEQUENCE =
  'Its scores may be too good, and the gain is no evidence of better results on new data.'

/** Ways in which what is held out may have been seen; with any of them the gain is not called generalisation. */
export function leakStamps(job: ResolvedJob): string[] {
  const stamps: string[] = []
  if (job.teacher.kind === 'model')
    stamps.push(
      `The teacher may have seen held-out rows: it was given as a stored model, and the rows it was trained on are not known here. ${CONSEQUENCE}`,
    )
  else if (job.evaluation.teacherPerFold === 'frozen' && foldCount(job) > 0)
    stamps.push(
      `The teacher may have seen held-out rows: it was trained once on all rows and then taught every fold. ${CONSEQUENCE}`,
    )
  if (job.testSet?.contentSha256 === job.dataset.contentSha256)
    stamps.push(
      'The test set is the training data: both datasets have the same content, so the final numbers are not held-out.',
    )
  return stamps
}
