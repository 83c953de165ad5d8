/** Datasets as the rest of the service sees them. */
import type { Shape } from './network.ts'

export interface DatasetShape {
  readonly rows: number
  /** Of one row: `[features]` or `[height, width, channels]`. */
  readonly inputShape: Shape
  /** Index is the class; text as in the data. */
  readonly classNames: readonly string[]
  /** Rows of each class. */
  readonly classCounts: readonly number[]
}

/** Rows that belong together, such as those of one patient. Only which rows do is kept; what groups are called is not. */
export interface DatasetGroups {
  /** Name of the column that they came from. */
  readonly column: string
  readonly count: number
  /** Rows of the largest group. */
  readonly largest: number
  /** In how many groups each class occurs. */
  readonly ofClass: readonly number[]
}

export interface Dataset extends DatasetShape {
  readonly id: string
  readonly name: string
  readonly source: 'builtin' | 'csv' | 'idx'
  readonly featureType: 'uint8' | 'float32'
  /** Null where no column names groups. */
  readonly groups: DatasetGroups | null
  /** SHA-256 over shape, types, class names and all blobs: equal hash, equal data. */
  readonly contentSha256: string
  /** Row-major features, little-endian. */
  readonly featuresSha256: string
  /** One little-endian int32 class index a row. */
  readonly labelsSha256: string
  /** One little-endian int32 group index a row, in the order in which groups come up; null without groups. */
  readonly groupsSha256: string | null
  readonly sizeBytes: number
  readonly profile: DatasetProfile
  readonly createdAt: Date
}

export interface DatasetProfile {
  /** Over all features of all rows. */
  readonly minimum: number
  readonly maximum: number
  readonly mean: number
  /** Population standard deviation. */
  readonly standardDeviation: number
  /** Names of the feature columns, where the file had them. */
  readonly featureNames: readonly string[] | null
}
