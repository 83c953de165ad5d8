/** Networks between teacher and student, as a client sends them. */
import { type Static, Type } from 'typebox'
import { Architecture } from './architecture.ts'
import { Objective } from './objective.ts'
import { strict } from './schema.ts'
import { TrainingSpec } from './training.ts'

export const MOST_ASSISTANTS = 8

const AssistantSpec = Type.Object(
  {
    architecture: Architecture,
    training: Type.Optional(TrainingSpec),
    objective: Type.Optional(Objective),
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
