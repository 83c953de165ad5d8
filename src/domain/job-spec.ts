/** What a client sends to `POST /v1/jobs`. */
import { type Static, Type } from 'typebox'
import { ChainSpec } from './chain-spec.ts'
import { EvaluationSpec } from './evaluation.ts'
import { ArchitectureRef, ObjectiveRef, TrainingRef } from './named-schemas.ts'
import { exactlyOne, strict } from './schema.ts'
import { TeacherSpec } from './teacher-spec.ts'
import { TransferSpec } from './transfer.ts'

export const NORMALIZATIONS = ['standardize', 'none'] as const

export const JobSpec = Type.Object(
  {
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    dataset: Type.Object(
      { builtin: Type.Optional(Type.Enum(['digits'])), id: Type.Optional(Type.String()) },
      { ...exactlyOne, description: 'A built-in dataset or the id of an uploaded one.' },
    ),
    teacher: TeacherSpec,
    chain: Type.Optional(ChainSpec),
    student: Type.Object({ architecture: ArchitectureRef }, { ...strict }),
    objective: Type.Optional(ObjectiveRef),
    transfer: Type.Optional(TransferSpec),
    preprocessing: Type.Optional(
      Type.Object(
        {
          normalization: Type.Optional(
            Type.Enum([...NORMALIZATIONS], {
              default: 'standardize',
              description:
                'standardize: (x - mean) / sd by feature, or by channel of an image, fitted on training rows only and delivered inside the model.',
            }),
          ),
        },
        { ...strict },
      ),
    ),
    training: Type.Optional(TrainingRef),
    evaluation: Type.Optional(EvaluationSpec),
    seed: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 4294967295,
        default: 42,
        description: 'Of everything random in the job; the same spec and seed give the same bytes.',
      }),
    ),
  },
  {
    ...strict,
    $id: 'JobSpec',
    examples: [
      {
        name: 'digits',
        dataset: { builtin: 'digits' },
        teacher: { train: { architecture: { preset: 'lenet' }, training: { epochs: 15 } } },
        student: {
          architecture: {
            layers: [
              { type: 'dense', units: 16, activation: 'relu' },
              { type: 'dense', units: 10 },
            ],
          },
        },
        objective: {
          terms: [
            { method: 'soft-targets', weight: 0.9, temperature: 4 },
            { method: 'hard-labels', weight: 0.1 },
          ],
        },
        transfer: { labelledFraction: 0.1 },
        training: { epochs: 20, batchSize: 64, optimizer: { name: 'adam', learningRate: 0.001 } },
        evaluation: { protocol: 'k-fold', folds: 5 },
        seed: 42,
      },
    ],
  },
)
export type JobSpec = Static<typeof JobSpec>
