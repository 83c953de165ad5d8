/** What a reader of a report must know, in words with numbers. */
import { foldCount } from '../../src/domain/job-plan.ts'
import type { Report, ReportWarning } from '../../src/domain/report.ts'
import type { ResolvedJob } from '../../src/domain/resolved-job.ts'
import { trainedNetworks } from '../../src/domain/teacher-networks.ts'

/** Fewer measured rows of a class than this in a held-out part say little about the class. */
const ENOUGH_ROWS = 10
const NAMED_CLASSES = 5
/** Means that differ by less are equal but for the order of their sums. */
const ROUNDING = 1e-12

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

/** Members of an ensemble that are stored models. */
const givenMembers = ({ teacher }: ResolvedJob): number[] =>
  teacher.kind === 'ensemble'
    ? teacher.members.flatMap(({ kind }, index) => (kind === 'model' ? [index] : []))
    : []

/** Whether any part of the teacher is trained in the job. */
const isTrained = ({ teacher }: ResolvedJob): boolean => trainedNetworks(teacher).length > 0

/** Facts that change what all numbers of the report mean. */
export function reportStamps(job: ResolvedJob): string[] {
  const stamps: string[] = []
  const consequence =
    'Its scores may be too good, and the gain is no evidence of better results on new data.'
  const given = givenMembers(job)
  if (given.length > 0)
    stamps.push(
      `The teacher may have seen held-out rows: of its members, ${given.join(', ')} (from 0) ${given.length > 1 ? 'were' : 'was'} given as stored models, and the rows they were trained on are not known here. ${consequence}`,
    )
  if (job.teacher.kind === 'model')
    stamps.push(
      `The teacher may have seen held-out rows: it was given as a stored model, and the rows it was trained on are not known here. ${consequence}`,
    )
  else if (job.evaluation.teacherPerFold === 'frozen' && foldCount(job) > 0 && isTrained(job))
    stamps.push(
      `The teacher may have seen held-out rows: it was trained once on all rows and then taught every fold. ${consequence}`,
    )
  if (job.testSet?.contentSha256 === job.dataset.contentSha256)
    stamps.push(
      'The test set is the training data: both datasets have the same content, so the final numbers are not held-out.',
    )
  stamps.push(...omissionStamps(job))
  return stamps
}

const show = (value: number): string => value.toFixed(4)

function teacherWarnings({ teacher, control }: Report['arms']): ReportWarning[] {
  const best = teacher.metrics.accuracy.mean
  const without = control?.metrics.accuracy.mean ?? null
  if (best === null || without === null || best > without + ROUNDING) return []
  return [
    {
      code: 'teacher-not-better',
      message: `The teacher is not better than the control: mean accuracy ${show(best)} against ${show(without)}. There is little to learn from it; train it better or choose another.`,
    },
  ]
}

function gainWarnings(gain: Report['gain']): ReportWarning[] {
  if (gain === null)
    return [
      {
        code: 'no-control',
        message:
          'No control was trained, so what the student gained from its teacher is not known. Set evaluation.control to true to measure it.',
      },
    ]
  const { mean, standardDeviation, n } = gain.accuracy
  if (mean === null) return []
  if (standardDeviation === null)
    return [
      {
        code: 'gain-measured-once',
        message: `The gain in accuracy, ${show(mean)}, was measured once, so how much of it is luck is not known. Use k-fold to see its spread.`,
      },
    ]
  if (Math.abs(mean) > standardDeviation + ROUNDING) return []
  return [
    {
      code: 'gain-within-noise',
      message: `The gain in accuracy is within its noise: distilled minus control is ${show(mean)} on average over ${n} folds, and its standard deviation between folds is ${show(standardDeviation)}. The two numbers are compared as they are; this is not a significance test.`,
    },
  ]
}

/**
 * @param labels of the rows that are measured, all folds together
 * @param parts  held-out parts that share these rows
 */
function classWarnings(
  classNames: readonly string[],
  labels: Int32Array,
  parts: number,
): ReportWarning[] {
  const counts = classNames.map(() => 0)
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1
  const needed = ENOUGH_ROWS * parts
  const small = [...counts.entries()].filter(([, count]) => count < needed)
  if (small.length === 0) return []
  const named = small
    .slice(0, NAMED_CLASSES)
    .map(([index, count]) => `${JSON.stringify(classNames[index])} (${count})`)
  const more = small.length > NAMED_CLASSES ? ` and ${small.length - NAMED_CLASSES} more` : ''
  const rows = parts > 1 ? `${needed} rows, ${ENOUGH_ROWS} a fold` : `${needed} measured rows`
  return [
    {
      code: 'small-class',
      message: `Classes with fewer than ${rows}: ${named.join(', ')}${more}. Numbers about them, and macro-F1 with them, vary much by chance.`,
    },
  ]
}

/** What should be doubted, most important first. */
export function reportWarnings(
  job: ResolvedJob,
  arms: Report['arms'],
  gain: Report['gain'],
  measuredLabels: Int32Array,
): ReportWarning[] {
  const parts = Math.max(foldCount(job), 1)
  return [
    ...gainWarnings(gain),
    ...teacherWarnings(arms),
    ...classWarnings(job.dataset.classNames, measuredLabels, parts),
  ]
}
