/** Whether rows of one group stay together in a job, and whether the dataset has enough groups for that. */
import type { Dataset, DatasetGroups } from './dataset.ts'
import type { EvaluationSpec } from './evaluation.ts'
import type { IssueList } from './issue-list.ts'

const NAMED_CLASSES = 5

/** Null: rows are split one by one. */
function wantedGroups(
  wanted: EvaluationSpec['groups'],
  dataset: Dataset,
  issues: IssueList,
): DatasetGroups | null {
  if (wanted === undefined || wanted === false) return null
  const { groups } = dataset
  if (!groups) {
    issues.add(
      '/evaluation/groups',
      'dataset-without-groups',
      `${dataset.id} has no group column: upload it with \`groupColumn\`, or leave \`groups\` out`,
    )
    return null
  }
  if (typeof wanted === 'string' && wanted.trim() !== groups.column) {
    issues.add(
      '/evaluation/groups',
      'group-column-differs',
      `the groups of ${dataset.id} come from the column ${groups.column}, not ${wanted}`,
      [groups.column],
    )
    return null
  }
  return groups
}

/** Classes that a part without one certain group lacks, so that a network cannot learn them there. */
function noteRareClasses(
  { ofClass }: DatasetGroups,
  needed: number,
  { classNames }: Dataset,
  notes: string[],
): void {
  const rare = [...ofClass.entries()].filter(([, count]) => count < needed)
  if (rare.length === 0) return
  const named = rare
    .slice(0, NAMED_CLASSES)
    .map(([index, count]) => `${classNames[index]} (${count})`)
    .join(', ')
  const more = rare.length > NAMED_CLASSES ? ` and ${rare.length - NAMED_CLASSES} more` : ''
  notes.push(
    `/evaluation/groups: classes that occur in fewer than ${needed} groups: ${named}${more}. Some held-out part has no row of them; one that occurs in a single group cannot be learned where that group is held out.`,
  )
}

/**
 * @param parts that the rows are cut into at a time
 * @param pointer of the field that asks for them
 */
export function resolveGroups(
  spec: EvaluationSpec,
  dataset: Dataset,
  parts: number,
  pointer: string,
  issues: IssueList,
  notes: string[],
): { readonly grouped?: true } {
  const groups = wantedGroups(spec.groups, dataset, issues)
  if (!groups) return {}
  if (groups.count < parts)
    issues.add(
      pointer,
      'parts-exceed-groups',
      `${parts} parts, but ${dataset.id} has only ${groups.count} groups, and none is divided`,
    )
  if (parts > 1) noteRareClasses(groups, parts, dataset, notes)
  return { grouped: true }
}
