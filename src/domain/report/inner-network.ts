/** What is known of networks that are neither teacher nor student: members of an ensemble, and assistants of a chain. */
import { type Static, Type } from 'typebox'
import { reference, strict } from '../schema.ts'
import { ArmReport } from './arm.ts'
import { Summary } from './interval.ts'
import { Metrics } from './metrics.ts'

const { parameters, weightBytes, metrics, validation } = ArmReport.properties

const networkFields = {
  index: Type.Integer({ description: 'From 0, in the order of the spec.' }),
  parameters,
  weightBytes,
  metrics,
  validation,
  folds: Type.Array(
    Type.Object({ fold: Type.Integer(), metrics: reference(Metrics) }, { ...strict }),
  ),
  final: Type.Union([reference(Metrics), Type.Null()], {
    description: 'Of the final network, where finals are measured.',
  }),
}

const MemberReport = Type.Object(
  {
    ...networkFields,
    isGiven: Type.Boolean({
      description: 'A stored model, which may have seen held-out rows; else trained in the job.',
    }),
    weight: Type.Object(Summary.properties, {
      ...strict,
      description: 'Its share in the answers of the teacher.',
    }),
  },
  { ...strict },
)
export type MemberReport = Static<typeof MemberReport>

export const EnsembleReport = Type.Object(
  {
    weights: Type.Enum(['average', 'given', 'inner-validation']),
    members: Type.Array(MemberReport),
    fits: Type.Union(
      [
        Type.Array(
          Type.Object(
            {
              fold: Type.Union([Type.Integer(), Type.Null()]),
              rows: Type.Integer({ description: 'Set aside, on which the weights were found.' }),
              nll: Type.Number({ description: 'Of the mixture on these rows, in nats.' }),
              averageNll: Type.Number({ description: 'Of the plain average on these rows.' }),
            },
            { ...strict },
          ),
        ),
        Type.Null(),
      ],
      { description: 'Null where the weights were not found on rows.' },
    ),
  },
  { ...strict, description: 'The members of the teacher, where it is an ensemble.' },
)
export type EnsembleReport = Static<typeof EnsembleReport>

export const AssistantReport = Type.Object(networkFields, { ...strict })
export type AssistantReport = Static<typeof AssistantReport>
