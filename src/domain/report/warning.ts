/** What should be doubted. */
import { type Static, Type } from 'typebox'
import { strict } from '../schema.ts'

export const ReportWarning = Type.Object(
  {
    code: Type.String({ description: 'Stable, kebab-case.' }),
    message: Type.String(),
    numbers: Type.Record(Type.String(), Type.Number(), {
      description: 'Those of the message, by name.',
    }),
  },
  { ...strict },
)
export type ReportWarning = Static<typeof ReportWarning>
