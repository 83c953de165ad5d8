/** A dataset as the API shows it. */
import { Type } from 'typebox'
import type { Dataset } from '../../domain/dataset.ts'

export const DatasetSchema = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    source: Type.Enum(['builtin', 'csv', 'idx']),
    rows: Type.Integer(),
    inputShape: Type.Array(Type.Integer(), {
      description: 'Of one row: `[features]` or `[height, width, channels]`.',
    }),
    featureType: Type.Enum(['uint8', 'float32']),
    classes: Type.Integer(),
    groups: Type.Union(
      [
        Type.Object({
          column: Type.String({ description: 'Of the file; it is no feature.' }),
          count: Type.Integer(),
          largest: Type.Integer({ description: 'Rows of the largest group.' }),
        }),
        Type.Null(),
      ],
      { description: 'Rows that belong together; null where no column says so.' },
    ),
    sizeBytes: Type.Integer(),
    contentSha256: Type.String({ description: 'Equal hash, equal data.' }),
    profile: Type.Object({
      classCounts: Type.Array(Type.Object({ name: Type.String(), rows: Type.Integer() })),
      minimum: Type.Number(),
      maximum: Type.Number(),
      mean: Type.Number(),
      standardDeviation: Type.Number({ description: 'Of all values of all rows.' }),
      featureNames: Type.Union([Type.Array(Type.String()), Type.Null()]),
    }),
    createdAt: Type.String({ format: 'date-time' }),
  },
  { $id: 'Dataset' },
)

export const datasetBody = (dataset: Dataset) => ({
  id: dataset.id,
  name: dataset.name,
  source: dataset.source,
  rows: dataset.rows,
  inputShape: [...dataset.inputShape],
  featureType: dataset.featureType,
  classes: dataset.classNames.length,
  groups: dataset.groups && {
    column: dataset.groups.column,
    count: dataset.groups.count,
    largest: dataset.groups.largest,
  },
  sizeBytes: dataset.sizeBytes,
  contentSha256: dataset.contentSha256,
  profile: {
    ...dataset.profile,
    classCounts: dataset.classNames.map((name, index) => ({
      name,
      rows: dataset.classCounts[index] ?? 0,
    })),
    featureNames: dataset.profile.featureNames ? [...dataset.profile.featureNames] : null,
  },
  createdAt: dataset.createdAt.toISOString(),
})
