/** The report of a job: every number a pure function of held-out logits, labels and the spec. */
import { type Static, Type } from 'typebox'
import { TEACHERS_PER_FOLD } from '../evaluation.ts'
import { reference, strict } from '../schema.ts'
import { ArmReport, PerArm } from './arm.ts'
import { Convergence } from './convergence.ts'
import { AssistantReport, EnsembleReport } from './inner-network.ts'
import { MetricSummaries, Metrics } from './metrics.ts'
import { OmittedClass } from './omitted-class.ts'
import { Pooled, PooledArm, PooledDifference } from './pooled.ts'
import { Significance } from './significance.ts'
import { SuggestedTraining } from './suggested-training.ts'
import { TeacherFit } from './teacher-fit.ts'
import { Verdict } from './verdict.ts'
import { ReportWarning } from './warning.ts'

const measurementFields = {
  heldOutRows: Type.Integer(),
  trainingRows: Type.Integer({
    description: 'Of the students. The teacher has rows of omitted classes too.',
  }),
  teacher: reference(Metrics),
  distilled: reference(Metrics),
  control: Type.Union([reference(Metrics), Type.Null()]),
}
export const Measurement = Type.Object(measurementFields, { ...strict })
export type Measurement = Static<typeof Measurement>

const ReportedEpoch = Type.Enum(['last', 'inner-validation'])

export const Report = Type.Object(
  {
    version: Type.Literal(2),
    dataset: Type.Object(
      {
        id: Type.String(),
        name: Type.String(),
        contentSha256: Type.String(),
        rows: Type.Integer(),
        inputShape: Type.Array(Type.Integer()),
        classNames: Type.Array(Type.String()),
      },
      { ...strict },
    ),
    evaluation: Type.Object(
      {
        protocol: Type.Enum(['k-fold', 'holdout', 'test-set']),
        folds: Type.Integer({
          description: 'That the rows are cut into at a time; 0 where there are none.',
        }),
        repeats: Type.Integer({
          description: 'How often the rows were cut into folds; 0 where there are none.',
        }),
        stratified: Type.Boolean(),
        groups: Type.Union(
          [
            Type.Object({ column: Type.String(), count: Type.Integer() }, { ...strict }),
            Type.Null(),
          ],
          {
            description:
              'Rows of one group are never on both sides; null: rows were split one by one.',
          },
        ),
        splitSha256: Type.Union([Type.String(), Type.Null()], {
          description:
            'Of the fold of every row (uint32 little-endian; 4294967295 for "never held out"), one repeat after the other.',
        }),
        teacherPerFold: Type.Enum([...TEACHERS_PER_FOLD]),
        innerFolds: Type.Union([Type.Integer(), Type.Null()], {
          description: 'Of cross-fit; else null.',
        }),
        reportedEpoch: Type.Object(
          { teacher: Type.Union([ReportedEpoch, Type.Null()]), student: ReportedEpoch },
          {
            ...strict,
            description:
              'Whose weights are measured and delivered. last: of the epochs that were run. inner-validation: the best by training rows that were set aside. Held-out rows never choose. Null: a stored teacher.',
          },
        ),
        labelledFraction: Type.Number(),
        seed: Type.Integer(),
      },
      { ...strict },
    ),
    verdict: Verdict,
    stamps: Type.Array(Type.String(), {
      description: 'What a reader must know before any number.',
    }),
    warnings: Type.Array(ReportWarning),
    arms: PerArm(reference(ArmReport), 'Over the folds; without folds, of the final networks.'),
    gain: Type.Union([MetricSummaries('Distilled minus control, paired by fold.'), Type.Null()], {
      description: 'Null without a control.',
    }),
    loss: MetricSummaries('Distilled minus teacher, paired by fold.'),
    significance: Significance,
    pooled: Type.Object(
      {
        folds: Type.Union([reference(Pooled), Type.Null()], {
          description: 'The held-out rows of all folds; null where there are none.',
        }),
        final: Type.Union([reference(Pooled), Type.Null()], {
          description: 'The rows of final; null where it is.',
        }),
      },
      { ...strict },
    ),
    teacherFit: TeacherFit,
    convergence: Type.Union([Convergence, Type.Null()], {
      description: 'Null where no curves on inner validation rows were recorded.',
    }),
    folds: Type.Array(
      Type.Object(
        {
          fold: Type.Integer({ description: 'As in the tasks: counted on from repeat to repeat.' }),
          repeat: Type.Integer({ description: 'From 0.' }),
          ...measurementFields,
        },
        { ...strict },
      ),
    ),
    final: Type.Union([Measurement, Type.Null()], {
      description: 'The delivered networks on the test set or the held-out part; null without one.',
    }),
    ensemble: Type.Optional(EnsembleReport),
    chain: Type.Optional(
      Type.Array(AssistantReport, {
        description:
          'Assistants in the order in which they were taught; agreement is with the teacher of the job.',
      }),
    ),
    omitted: Type.Optional(
      Type.Array(OmittedClass, {
        description:
          'Of each network and omitted class; absent where no class was taken out of the transfer set.',
      }),
    ),
    suggestedWeights: Type.Optional(
      Type.Array(SuggestedTraining, {
        description: 'Of each training of the student; absent where they were not asked for.',
      }),
    ),
  },
  { ...strict, $id: 'Report' },
)
export type Report = Static<typeof Report>

/** All schemas that are named in it. */
export const REPORT_SCHEMAS = [Metrics, ArmReport, PooledArm, PooledDifference, Pooled, Report]
