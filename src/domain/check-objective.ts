/** Whether the terms of an objective make sense for a dataset and a training. */
import type { IssueList } from './issue-list.ts'
import { cardOf } from './methods/job-methods.ts'
import type { ResolvedTerm } from './objective.ts'

/** JSON pointer of a term. */
export const termPointer = (index: number): string => `/objective/terms/${index}`

export function checkObjective(
  objective: readonly ResolvedTerm[],
  classes: number,
  batchSize: number,
  issues: IssueList,
): void {
  if (objective.every((term) => term.weight === 0))
    issues.add(
      '/objective/terms',
      'objective-is-zero',
      'every weight is 0: nothing would be learned',
    )
  for (const [index, { method }] of objective.entries()) {
    const { minimumClasses, minimumBatch } = cardOf(method)
    if (classes < minimumClasses)
      issues.add(
        `${termPointer(index)}/method`,
        'too-few-classes',
        `${method} needs ${minimumClasses} classes or more, the dataset has ${classes}; use soft-targets`,
      )
    if (batchSize < minimumBatch)
      issues.add(
        '/training/batchSize',
        'batch-too-small',
        `${method} compares the rows of a batch: it needs ${minimumBatch} rows or more, not ${batchSize}`,
      )
  }
}
