/** Who teaches in a job, as a client sends it. */
import { type Static, Type } from 'typebox'
import { ArchitectureRef, TrainingRef } from './named-schemas.ts'
import { PeerSpec } from './peer-spec.ts'
import { exactlyOne, strict } from './schema.ts'

const oneTeacher = {
  train: Type.Optional(
    Type.Object(
      { architecture: ArchitectureRef, training: Type.Optional(TrainingRef) },
      { ...strict, description: 'A network to train in this job, on all labels.' },
    ),
  ),
  model: Type.Optional(Type.String({ description: 'Id of a stored model.' })),
  job: Type.Optional(
    Type.String({ description: 'Id of a job that has succeeded: the student that it delivered.' }),
  ),
  self: Type.Optional(
    Type.Literal(true, {
      description:
        "The student's own architecture and training, with another start, trained on all labels: self-distillation.",
    }),
  ),
}

const MemberSpec = Type.Object(oneTeacher, { ...exactlyOne })
export type MemberSpec = Static<typeof MemberSpec>

export const MOST_MEMBERS = 16

const EnsembleSpec = Type.Object(
  {
    members: Type.Array(MemberSpec, { minItems: 2, maxItems: MOST_MEMBERS }),
    weights: Type.Optional(
      Type.Union(
        [
          Type.Enum(['average', 'inner-validation']),
          Type.Array(Type.Number({ minimum: 0 }), { minItems: 2, maxItems: MOST_MEMBERS }),
        ],
        {
          default: 'average',
          description:
            'average: every member counts the same. inner-validation: shares with the least cross-entropy on training rows that no trained member was trained on. Numbers: one for each member; they are scaled to a sum of 1.',
        },
      ),
    ),
  },
  {
    ...strict,
    description:
      'Several teachers. The answer is the logarithm of the weighted mean of their probabilities at temperature 1.',
  },
)

export const TeacherSpec = Type.Object(
  { ...oneTeacher, ensemble: Type.Optional(EnsembleSpec), peer: Type.Optional(PeerSpec) },
  {
    ...exactlyOne,
    description:
      'A teacher to train in this job, a stored model, the student of an earlier job, the student itself, several of these, or a second student that learns along.',
  },
)
export type TeacherSpec = Static<typeof TeacherSpec>
