/** A model as the API shows it. */
import { Type } from 'typebox'
import type { Model } from '../../domain/model.ts'

const File = Type.Object({ sha256: Type.String(), sizeBytes: Type.Integer() })

export const ModelSchema = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    source: Type.Enum(['upload', 'job']),
    inputShape: Type.Array(Type.Integer()),
    classes: Type.Integer(),
    classNames: Type.Union([Type.Array(Type.String()), Type.Null()]),
    parameters: Type.Integer({ description: 'Trainable weights.' }),
    sizeBytes: Type.Integer({ description: 'Of the safetensors file.' }),
    normalization: Type.Unknown({
      description: 'Applied to raw rows before the first layer: (x - mean) / standardDeviation.',
    }),
    network: Type.Unknown({ description: 'Layers with names, shapes and weights.' }),
    files: Type.Record(Type.String(), File),
    lineage: Type.Union([
      Type.Object({ jobId: Type.String(), role: Type.Enum(['teacher', 'student']) }),
      Type.Null(),
    ]),
    createdAt: Type.String({ format: 'date-time' }),
  },
  { $id: 'Model' },
)

export const modelBody = (model: Model) => ({
  id: model.id,
  name: model.name,
  source: model.source,
  inputShape: [...model.network.inputShape],
  classes: model.classes,
  classNames: model.classNames ? [...model.classNames] : null,
  parameters: model.parameters,
  sizeBytes: model.sizeBytes,
  normalization: model.normalization,
  network: model.network,
  files: model.files as Record<string, { sha256: string; sizeBytes: number }>,
  lineage: model.lineage,
  createdAt: model.createdAt.toISOString(),
})
