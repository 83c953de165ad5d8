/** A peer in place of a teacher (deep mutual learning): two students that are trained together and teach each other. */
import type { TermPointer } from './check-objective.ts'
import type { EvaluationSpec } from './evaluation.ts'
import type { IssueList } from './issue-list.ts'
import { needsPeer, needsTeacher, readsFeatures } from './methods/job-methods.ts'
import type { Objective, ResolvedTerm, TermSpec } from './objective.ts'
import { isWithoutWeight } from './term-schedule.ts'

/** What both students are trained for where a client says nothing (Zhang et al. 2018, equation 4). */
const PEER_TERMS: readonly TermSpec[] = [
  { method: 'mutual', weight: 1 },
  { method: 'hard-labels', weight: 1 },
]

export const objectiveWithPeer = (spec: Objective | undefined): Objective | undefined =>
  spec?.terms || spec?.variant || spec?.stages ? spec : { ...spec, terms: PEER_TERMS }

interface JobWithPeer {
  readonly evaluation?: EvaluationSpec
  readonly transfer?: { readonly omitClasses?: unknown }
  readonly chain?: unknown
}

/** Refuses terms that need a peer where there is none. */
export function checkNoPeer(
  objective: readonly ResolvedTerm[],
  pointerOf: TermPointer,
  issues: IssueList,
): void {
  for (const [index, { method }] of objective.entries())
    if (needsPeer(method))
      issues.add(
        pointerOf(index, '/method'),
        'peer-missing',
        `${method} is learned from a second student: give \`teacher: { "peer": {} }\`, or use soft-targets with a teacher`,
      )
}

/** What a job with a peer cannot do. */
export function checkPeer(
  { evaluation = {}, transfer, chain }: JobWithPeer,
  objective: readonly ResolvedTerm[],
  pointerOf: TermPointer,
  issues: IssueList,
): void {
  for (const [index, { method }] of objective.entries())
    if (readsFeatures(method))
      issues.add(
        pointerOf(index, '/method'),
        'not-with-a-peer',
        `${method} compares layers with those of a teacher that is finished; with a peer, use mutual or other terms of logits`,
      )
  if (!objective.some((term) => needsTeacher(term.method) && !isWithoutWeight(term)))
    issues.add(
      '/teacher/peer',
      'peer-unused',
      'no term with a weight above 0 is learned from the peer: add mutual, or another term of logits',
    )
  const { teacherPerFold, controlBudget } = evaluation
  if (teacherPerFold !== undefined && teacherPerFold !== 'retrain')
    issues.add(
      '/evaluation/teacherPerFold',
      'not-with-a-peer',
      'a peer is trained in the same steps as the student of the fold, so it is always `retrain`',
      ['retrain'],
    )
  if (controlBudget === 'matched-seconds')
    issues.add(
      '/evaluation/controlBudget',
      'not-with-a-peer',
      'there is no training of a teacher whose seconds the control could have: use same-epochs',
      ['same-epochs'],
    )
  if (chain !== undefined)
    issues.add(
      '/chain',
      'not-with-a-peer',
      'assistants stand between a teacher and the student, and nothing stands between student and peer',
    )
  if (transfer?.omitClasses !== undefined)
    issues.add(
      '/transfer/omitClasses',
      'not-with-a-peer',
      'nobody would know the omitted classes: the peer sees the rows that the student sees',
    )
}
