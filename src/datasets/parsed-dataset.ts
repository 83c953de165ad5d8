/** What a file turned out to be, when all of its features have gone to the sink. */
import type { Dataset, DatasetGroups, DatasetProfile, DatasetShape } from '../domain/dataset.ts'
import type { Shape } from '../domain/network.ts'
import type { ClassTable } from './class-table.ts'
import { DatasetError } from './dataset-error.ts'
import type { GroupTable } from './group-table.ts'

export interface ParsedDataset extends DatasetShape {
  readonly featureType: Dataset['featureType']
  /** Class index of each row. */
  readonly labels: Int32Array
  readonly profile: DatasetProfile
  /** Null where no column names groups. */
  readonly groups: (DatasetGroups & { readonly ofRow: Int32Array }) | null
}

/** More features of one row than this are refused. */
export const MAX_FEATURES = 1_000_000

/** @throws DatasetError when all rows are of one class */
export function requireTwoClasses(classes: ClassTable): void {
  const [only, another] = classes.names
  if (another === undefined)
    throw new DatasetError(
      'one-class',
      `all ${classes.rows} rows have the label ${JSON.stringify(only)}: a classifier needs at least two classes`,
    )
}

export function finishDataset(
  inputShape: Shape,
  featureType: Dataset['featureType'],
  classes: ClassTable,
  profile: DatasetProfile,
  groups: GroupTable | null = null,
): ParsedDataset {
  const { labels, classNames, classCounts } = classes.finish()
  return {
    rows: labels.length,
    inputShape,
    featureType,
    classNames,
    classCounts,
    labels,
    profile,
    groups: groups?.finish(labels, classNames.length) ?? null,
  }
}
