/** The part of a job that says what the student may learn from, with every default filled in; and what is wrong with it. */
import type { Dataset } from './dataset.ts'
import { finalBias } from './final-bias.ts'
import type { IssueList } from './issue-list.ts'
import type { Network } from './network.ts'
import type { ResolvedTransfer, TransferSpec } from './transfer.ts'

/** So many names are listed as what would be accepted. */
const LISTED_CLASSES = 100

function checkOmitted(omit: readonly string[], classNames: readonly string[], issues: IssueList) {
  for (const [index, name] of omit.entries()) {
    const pointer = `/transfer/omitClasses/${index}`
    if (!classNames.includes(name))
      issues.add(
        pointer,
        'unknown-class',
        `the dataset has no class called ${JSON.stringify(name)}`,
        classNames.slice(0, LISTED_CLASSES),
      )
    else if (omit.indexOf(name) < index)
      issues.add(pointer, 'class-named-twice', `class ${JSON.stringify(name)} is named before`)
  }
  if (classNames.every((name) => omit.includes(name)))
    issues.add(
      '/transfer/omitClasses',
      'no-class-left',
      'every class is omitted, which leaves the student no row to train on: keep at least one',
    )
}

/** @param student null where it could not be resolved */
export function resolveTransfer(
  spec: TransferSpec = {},
  { classNames }: Pick<Dataset, 'classNames'>,
  student: Network | null,
  issues: IssueList,
): ResolvedTransfer {
  const { labelledFraction = 1, omitClasses, rebalanceOmitted = false } = spec
  if (omitClasses) checkOmitted(omitClasses, classNames, issues)
  const pointer = '/transfer/rebalanceOmitted'
  if (rebalanceOmitted && !omitClasses)
    issues.add(pointer, 'option-not-applicable', '`rebalanceOmitted` belongs to `omitClasses`')
  if (rebalanceOmitted && student && finalBias(student) === null)
    issues.add(
      pointer,
      'no-final-bias',
      'the student does not end with a dense layer with a bias that gives the logits, so there is no bias to raise: end it with one, or leave the biases as they are trained',
    )
  return {
    labelledFraction,
    ...(omitClasses ? { omitClasses } : {}),
    ...(rebalanceOmitted ? { rebalanceOmitted } : {}),
  }
}

/** The rows of a dataset that the transfer set draws from. */
export function transferRows(
  { classNames, classCounts }: Pick<Dataset, 'classNames' | 'classCounts'>,
  { omitClasses = [] }: TransferSpec = {},
): Pick<Dataset, 'rows' | 'classCounts'> {
  const counts = classCounts.filter((_, index) => !omitClasses.includes(classNames[index] ?? ''))
  return { rows: counts.reduce((sum, count) => sum + count, 0), classCounts: counts }
}
