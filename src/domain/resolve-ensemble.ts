/** How the members of an ensemble are weighted, and what that asks of them. */
import type { IssueList } from './issue-list.ts'
import type { ResolvedWeights } from './resolved-job.ts'
import type { Resolving } from './resolving.ts'
import type { TeacherSpec } from './teacher-spec.ts'
import { type TrainingSpec, validationFractionOf } from './training.ts'

type EnsembleSpec = NonNullable<TeacherSpec['ensemble']>

const WEIGHTS = '/teacher/ensemble/weights'
const DEFAULT_FRACTION = 0.1

/**
 * Share of the training rows that every trained member sets aside, so that weights can be found on them; null where
 * weights are not found so.
 */
export function validationFractionOfMembers(
  { members, weights }: EnsembleSpec,
  studentTraining: TrainingSpec,
  { evaluation, issues, notes }: Resolving,
): number | null {
  if (weights !== 'inner-validation') return null
  const trained = members.flatMap(({ train, self }, index) => {
    if (!train && !self) return []
    const fraction = validationFractionOf(train ? train.training : studentTraining)
    const place = train ? `/teacher/ensemble/members/${index}/train` : ''
    return [{ fraction, pointer: `${place}/training/validationFraction` }]
  })
  if (trained.length === 0)
    issues.add(
      WEIGHTS,
      'option-not-applicable',
      'no member is trained in the job, so no row is known that none of them has seen: use the average, or give numbers',
      ['average'],
    )
  if (evaluation.teacherPerFold === 'frozen' && evaluation.split.kind === 'k-fold')
    issues.add(
      WEIGHTS,
      'option-not-applicable',
      'weights of a teacher that all folds share would be found on rows that folds hold out: retrain it in every fold, or use the average, or give numbers',
      ['average'],
    )
  const asked = trained.filter(({ fraction }) => fraction !== null)
  const first = asked[0]?.fraction ?? DEFAULT_FRACTION
  for (const { fraction, pointer } of asked)
    if (fraction !== first)
      issues.add(
        pointer,
        'validation-parts-differ',
        `all trained members have to set the same rows aside, and another one sets ${first} of them aside, not ${fraction}`,
        [first],
      )
  if (asked.length === 0)
    notes.push(`${WEIGHTS}: every trained member sets ${first} of its training rows aside`)
  return first
}

/** @returns null where that was told as an issue */
export function resolveEnsembleWeights(
  { members, weights = 'average' }: EnsembleSpec,
  fraction: number | null,
  issues: IssueList,
): ResolvedWeights | null {
  if (fraction !== null) return { kind: 'inner-validation', fraction }
  if (typeof weights === 'string') return { kind: 'average' }
  const sum = weights.reduce((total, weight) => total + weight, 0)
  if (weights.length !== members.length)
    issues.add(
      WEIGHTS,
      'weights-do-not-fit',
      `${members.length} members need ${members.length} weights, not ${weights.length}`,
    )
  else if (!(sum > 0 && Number.isFinite(sum)))
    issues.add(WEIGHTS, 'weights-do-not-fit', 'the weights must have a finite sum above 0')
  else return { kind: 'given', values: weights.map((weight) => weight / sum) }
  return null
}
