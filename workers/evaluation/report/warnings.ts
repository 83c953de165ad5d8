/** What should be doubted, in words with numbers. */
import { foldsOf } from '../../../src/domain/evaluation.ts'
import type { Report } from '../../../src/domain/report/report.ts'
import { SIGNIFICANCE_LEVEL } from '../../../src/domain/report/significance.ts'
import type { ReportWarning } from '../../../src/domain/report/warning.ts'
import type { ResolvedJob } from '../../../src/domain/resolved-job.ts'
import { intervalInPoints, percent, points, pValue, seconds } from './in-words.ts'
import { teacherFitWarnings } from './teacher-warnings.ts'

/** Fewer measured rows of a class than this in a held-out part say little about the class. */
const ENOUGH_ROWS = 10
const NAMED_CLASSES = 5
/** Means that differ by less are equal but for the order of their sums. */
const ROUNDING = 1e-12

type Facts = Pick<Report, 'arms' | 'verdict' | 'teacherFit'>

function controlWarnings({ verdict }: Facts): ReportWarning[] {
  if (verdict.outcome !== 'no-control') return []
  return [
    {
      code: 'no-control',
      message:
        'No control was trained, so what the student gained from its teacher is not known. Set evaluation.control to true to measure it.',
      numbers: {},
    },
  ]
}

function gainWarnings({ verdict, arms }: Facts): ReportWarning[] {
  const { gain, gainInterval, p, test, outcome } = verdict
  if (gain === null) return []
  const warnings: ReportWarning[] = []
  const { n } = arms.distilled.metrics.accuracy
  if (n < 2)
    warnings.push({
      code: 'gain-measured-once',
      message: `The gain of ${gain < 0 ? '−' : ''}${points(gain)} was measured once. McNemar's test and the interval are about other rows; how other splits, seeds and trainings would differ is not known. Use k-fold to see it.`,
      numbers: { gain },
    })
  if (outcome === 'no-significant-difference' && p !== null)
    warnings.push({
      code: 'gain-within-noise',
      message: `The gain is inside the noise: distilled minus control is ${gain < 0 ? '−' : ''}${points(gain)}${gainInterval ? `, ${intervalInPoints(gainInterval)}` : ''} (${test === 'exact-mcnemar' ? 'exact McNemar' : `corrected resampled t over ${n} folds`}, ${pValue(p)}).`,
      numbers: {
        gain,
        p,
        level: SIGNIFICANCE_LEVEL,
        ...(gainInterval ? { low: gainInterval.low, high: gainInterval.high } : {}),
      },
    })
  return warnings
}

function teacherWarnings({ arms: { teacher, control } }: Facts): ReportWarning[] {
  const best = teacher.metrics.accuracy.mean
  const without = control?.metrics.accuracy.mean ?? null
  if (best === null || without === null || best > without + ROUNDING) return []
  return [
    {
      code: 'teacher-not-better',
      message: `The teacher is not better than the control: mean accuracy ${percent(best)} against ${percent(without)}. There is little to learn from it; train it better or choose another.`,
      numbers: { teacher: best, control: without },
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
      numbers: {
        classes: small.length,
        needed,
        smallest: small.reduce((least, [, count]) => Math.min(least, count), needed),
      },
    },
  ]
}

/** What the same seconds could have bought: a control of the same epochs says nothing about that. */
function costWarnings(job: ResolvedJob, { arms }: Facts): ReportWarning[] {
  const { teacher, distilled, control } = arms
  const [ofTeacher, ofStudent, ofControl] = [teacher, distilled, control].map(
    (arm) => arm?.trainingSeconds ?? null,
  )
  if (job.evaluation.controlBudget === 'matched-seconds') return []
  if (!ofTeacher || !ofStudent || !ofControl) return []
  const factor = (ofTeacher + ofStudent) / ofControl
  return [
    {
      code: 'distillation-cost',
      message: `Teacher and student took ${seconds(ofTeacher)} and ${seconds(ofStudent)} to train, the control ${seconds(ofControl)}: it could have trained ${factor.toFixed(1)} times as long. Set evaluation.controlBudget to "matched-seconds" to see what that brings.`,
      numbers: { teacher: ofTeacher, distilled: ofStudent, control: ofControl, factor },
    },
  ]
}

/** Most important first. */
export function reportWarnings(
  job: ResolvedJob,
  facts: Facts,
  measuredLabels: Int32Array,
): ReportWarning[] {
  const { classNames } = job.dataset
  return [
    ...controlWarnings(facts),
    ...gainWarnings(facts),
    ...teacherWarnings(facts),
    ...teacherFitWarnings(facts.teacherFit, classNames.length),
    ...classWarnings(classNames, measuredLabels, Math.max(foldsOf(job.evaluation.split), 1)),
    ...costWarnings(job, facts),
  ]
}
