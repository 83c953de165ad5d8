/** Networks between teacher and student, as a client sends them. */
import { type Static, Type } from 'typebox'
import { ArchitectureRef, ObjectiveRef, TrainingRef } from './named-schemas.ts'
import { strict } from './schema.ts'

export const MOST_ASSISTANTS = 8

const AssistantSpec = Type.Object(
  {
    architecture: ArchitectureRef,
    training: Type.Optional(TrainingRef),
    objective: Type.Optional(ObjectiveRef),
  },
  {
    ...strict,
    description: "What is not given is the student's; layers to compare are then chosen anew.",
  },
)
export type AssistantSpec = Static<typeof AssistantSpec>

export const ChainSpec = Type.Union(
  [
    Type.Array(AssistantSpec, { minItems: 1, maxItems: MOST_ASSISTANTS }),
    Type.Object(
      {
        generations: Type.Integer({
          minimum: 1,
          maximum: MOST_ASSISTANTS + 1,
          description:
            "Students of the student's architecture, each taught by the one before it; the last is delivered as the student.",
        }),
      },
      { ...strict },
    ),
  ],
  {
    description:
      'Assistants in the order in which they are taught: the first by the teacher, each by the one before it, the student by the last. Or a number of generations of the student.',
  },
)
export type ChainSpec = Static<typeof ChainSpec>
