/** Parts of a job spec that stand in it more than once: checked, and described, in one place each. */
import { type Static, Type } from 'typebox'
import { Architecture } from './architecture.ts'
import { Objective, Term } from './objective.ts'
import { TrainingSpec } from './training.ts'

/** To be made known to whoever reads a job spec by its schema. */
export const NAMED_SCHEMAS = [
  { ...Architecture, $id: 'Architecture' },
  { ...TrainingSpec, $id: 'Training' },
  Term,
  { ...Objective, $id: 'Objective' },
]

export const ArchitectureRef = Type.Unsafe<Architecture>({ $ref: 'Architecture#' })
export const TrainingRef = Type.Unsafe<Static<typeof TrainingSpec>>({ $ref: 'Training#' })
export const ObjectiveRef = Type.Unsafe<Static<typeof Objective>>({ $ref: 'Objective#' })
