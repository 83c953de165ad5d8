/** A model as the API shows it. */
import { type TSchema, Type } from 'typebox'
import type { Model, RecordedOutputs } from '../../domain/model.ts'
import {
  inputShapeOf,
  normalizationOf,
  ownFileOf,
  sizeOf,
  tapsOf,
} from '../../domain/model-form.ts'
import { MODEL_ROLES } from '../../domain/words.ts'

const File = Type.Object({ sha256: Type.String(), sizeBytes: Type.Integer() })

const Recorded = Type.Object({
  contentSha256: Type.String({ description: 'Of the dataset.' }),
  rows: Type.Integer(),
})

const Nullable = <Schema extends TSchema>(schema: Schema, description?: string) =>
  Type.Union([schema, Type.Null()], description === undefined ? {} : { description })

const recordedBody = ({ contentSha256, rows }: RecordedOutputs) => ({ contentSha256, rows })

const TapShape = Nullable(Type.Array(Nullable(Type.Integer())))

export const ModelSchema = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    source: Type.Enum(['upload', 'job']),
    form: Type.Enum(['network', 'outputs', 'onnx', 'saved-model'], {
      description:
        'network: layers and weights. outputs: logits that were computed elsewhere for the rows of one dataset. onnx, saved-model: run as they came, by the library of their framework.',
    }),
    inputShape: Nullable(Type.Array(Type.Integer()), 'Of one row; null for outputs.'),
    classes: Type.Integer(),
    classNames: Type.Union([Type.Array(Type.String()), Type.Null()]),
    parameters: Nullable(Type.Integer(), 'Trainable weights; null where the form does not tell.'),
    sizeBytes: Type.Integer({ description: 'Of the file that its answers are computed from.' }),
    taps: Type.Array(Type.Object({ name: Type.String(), shape: TapShape }), {
      description:
        'What can be read inside the model, beside its logits: outputs of a network’s layers, by name, with the shape of one row; tensors of an ONNX model. Null in a shape is what the model does not tell.',
    }),
    normalization: Type.Unknown({
      description: 'Applied to raw rows before the first layer: (x - mean) / standardDeviation.',
    }),
    network: Type.Unknown({
      description: 'Layers with names, shapes and weights; null for other forms.',
    }),
    outputs: Nullable(
      Type.Object({
        represents: Type.Enum(['logits', 'probabilities']),
        dataset: Recorded,
        testSet: Nullable(Recorded),
      }),
      'Of form outputs: what was uploaded, and for which data.',
    ),
    files: Type.Record(Type.String(), File),
    lineage: Type.Union([
      Type.Object({
        jobId: Type.String(),
        role: Type.Enum([...MODEL_ROLES]),
        index: Type.Integer({ description: 'Which member or assistant, from 0; else 0.' }),
        taughtBy: Type.Array(Type.String(), {
          description:
            'Ids of the stored models that taught it: its teacher, the assistant before it, or the members of an ensemble. They may have been deleted since.',
        }),
      }),
      Type.Null(),
    ]),
    createdAt: Type.String({ format: 'date-time' }),
  },
  { $id: 'Model' },
)

export function modelBody(model: Model) {
  const { form } = model
  const inputShape = inputShapeOf(form)
  return {
    id: model.id,
    name: model.name,
    source: model.source,
    form: form.kind,
    inputShape: inputShape && [...inputShape],
    classes: model.classes,
    classNames: model.classNames ? [...model.classNames] : null,
    parameters: sizeOf(form).parameters,
    sizeBytes: model.files[ownFileOf(form)]?.sizeBytes ?? 0,
    taps: tapsOf(form).map(({ name, shape }) => ({ name, shape: shape && [...shape] })),
    normalization: normalizationOf(form),
    network: form.kind === 'network' ? form.network : null,
    outputs:
      form.kind === 'outputs'
        ? {
            represents: form.represents,
            dataset: recordedBody(form.dataset),
            testSet: form.testSet && recordedBody(form.testSet),
          }
        : null,
    files: model.files as Record<string, { sha256: string; sizeBytes: number }>,
    lineage: model.lineage && { ...model.lineage, taughtBy: [...model.lineage.taughtBy] },
    createdAt: model.createdAt.toISOString(),
  }
}
