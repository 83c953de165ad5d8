/** Facts that change what all numbers of the report mean. */
import { foldCount } from '../../../src/domain/job-plan.ts'
import type { ResolvedJob } from '../../../src/domain/resolved-job.ts'
import { trainedNetworks } from '../../../src/domain/teacher-networks.ts'

const CONSEQUENCE =
  'Its scores may be too good, and the gain is no evidence of better results on new data.'

/** Members of an ensemble that are stored models. */
const givenMembers = ({ teacher }: ResolvedJob): number[] =>
  teacher.kind === 'ensemble'
    ? teacher.members.flatMap(({ kind }, index) => (kind === 'model' ? [index] : []))
    : []

/** Whether any part of the teacher is trained in the job. */
const isTrained = ({ teacher }: ResolvedJob): boolean => trainedNetworks(teacher).length > 0

/** Ways in which what is held out may have been seen; with any of them the gain is not called generalisation. */
export function leakStamps(job: ResolvedJob): string[] {
  const stamps: string[] = []
  const given = givenMembers(job)
  if (given.length > 0)
    stamps.push(
      `The teacher may have seen held-out rows: of its members, ${given.join(', ')} (from 0) ${given.length > 1 ? 'were' : 'was'} given as stored models, and the rows they were trained on are not known here. ${CONSEQUENCE}`,
    )
  if (job.teacher.kind === 'model')
    stamps.push(
      `The teacher may have seen held-out rows: it was given as a stored model, and the rows it was trained on are not known here. ${CONSEQUENCE}`,
    )
  else if (job.evaluation.teacherPerFold === 'frozen' && foldCount(job) > 0 && isTrained(job))
    stamps.push(
      `The teacher may have seen held-out rows: it was trained once on all rows and then taught every fold. ${CONSEQUENCE}`,
    )
  if (job.testSet?.contentSha256 === job.dataset.contentSha256)
    stamps.push(
      'The test set is the training data: both datasets have the same content, so the final numbers are not held-out.',
    )
  return stamps
}

const peerStamps = ({ teacher }: ResolvedJob): string[] =>
  teacher.kind === 'peer'
    ? [
        "There was no teacher: student and peer were trained together and learned from each other. Where this report says teacher, it means the peer, as it was when the student's training had ended; its cost and times are within those of the student.",
      ]
    : []

function crossFitStamps({ evaluation: { innerFolds } }: ResolvedJob): string[] {
  if (innerFolds === undefined) return []
  return [
    `Soft labels are out-of-fold predictions: the training rows of each student were cut into ${innerFolds} parts, and each part was answered by a teacher that was trained on the others. The teacher in this report is another one, trained on all training rows; no student learned from it.`,
  ]
}

const budgetStamps = ({ evaluation }: ResolvedJob): string[] =>
  evaluation.control && evaluation.controlBudget === 'matched-seconds'
    ? [
        "The control was trained for longer than the student: for as many epochs as fit into the seconds of the teacher's and the student's training. How fast the machine was has a part in these numbers.",
      ]
    : []

const NAMED_CLASSES = 5

function omissionStamps({ transfer }: ResolvedJob): string[] {
  const { omitClasses, rebalanceOmitted } = transfer
  if (!omitClasses) return []
  const named = omitClasses.slice(0, NAMED_CLASSES).map((name) => JSON.stringify(name))
  const more =
    omitClasses.length > NAMED_CLASSES ? ` and ${omitClasses.length - NAMED_CLASSES} more` : ''
  const raised = rebalanceOmitted
    ? ' After the training their biases were raised until they were answered as often on training rows as they occur there; the numbers are those with the raised biases.'
    : ''
  return [
    `Students saw no row of ${omitClasses.length > 1 ? 'classes' : 'class'} ${named.join(', ')}${more}: these rows were taken out of the transfer set, for the control too. The teacher knew them, and held-out rows of them are measured.${raised}`,
  ]
}

export const reportStamps = (job: ResolvedJob): string[] => [
  ...leakStamps(job),
  ...peerStamps(job),
  ...crossFitStamps(job),
  ...budgetStamps(job),
  ...omissionStamps(job),
]
