/** A peer in place of a teacher, as a client sends it. */
import { type Static, Type } from 'typebox'
import { ArchitectureRef } from './named-schemas.ts'
import { strict } from './schema.ts'

export const PeerSpec = Type.Object(
  { architecture: Type.Optional(ArchitectureRef) },
  {
    ...strict,
    description:
      "A second student instead of a teacher: both are trained together and learn from each other. Without an architecture it has the student's, and other initial weights. It is trained as the student is, and not delivered.",
  },
)
export type PeerSpec = Static<typeof PeerSpec>
