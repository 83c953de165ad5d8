/** Whether soft labels can be out-of-fold predictions: only where all that terms ask a teacher for is its logits on rows as they are. */
import type { TermPointer } from './check-objective.ts'
import type { IssueList } from './issue-list.ts'
import { needsTeacher, readsFeatures } from './methods/job-methods.ts'
import type { ResolvedTerm } from './objective.ts'
import type { Training } from './training.ts'

export function checkCrossFit(
  objective: readonly ResolvedTerm[],
  training: Training,
  pointerOf: TermPointer,
  issues: IssueList,
): void {
  for (const [index, { method }] of objective.entries())
    if (readsFeatures(method))
      issues.add(
        pointerOf(index, '/method'),
        'not-with-cross-fit',
        `${method} compares layers with one teacher, but with cross-fit every row has a teacher of its own part; use terms of logits, or teacherPerFold retrain`,
      )
  if (training.augmentation && objective.some(({ method }) => needsTeacher(method)))
    issues.add(
      '/training/augmentation',
      'not-with-cross-fit',
      'soft labels of cross-fit are recorded for rows as they are: train without augmentation, or with teacherPerFold retrain',
    )
}
