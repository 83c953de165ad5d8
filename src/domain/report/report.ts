/** The report of a job: every number a pure function of held-out logits, labels and the spec. */
import { type Static, Type } from 'typebox'
import { reference, strict } from '../schema.ts'
import { ArmReport, PerArm } from './arm.ts'
import { Convergence } from './convergence.ts'
import { MetricSummaries, Metrics } from './metrics.ts'
import { OmittedClass } from './omitted-class.ts'
import { Pooled, PooledArm, PooledDifference } from './pooled.ts'
import { Significance } from './significance.ts'
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
        folds: Type.Integer({ description: '0 where there are none.' }),
        stratified: Type.Boolean(),
        splitSha256: Type.Union([Type.String(), Type.Null()], {
          description:
            'Of the fold of every row (uint32 little-endian; 4294967295 for "never held out").',
        }),
        teacherPerFold: Type.Enum(['retrain', 'frozen']),
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
    folds: Type.Array(Type.Object({ fold: Type.Integer(), ...measurementFields }, { ...strict })),
    final: Type.Union([Measurement, Type.Null()], {
      description: 'The delivered networks on the test set or the held-out part; null without one.',
    }),
    omitted: Type.Optional(
      Type.Array(OmittedClass, {
        description:
          'Of each network and omitted class; absent where no class was taken out of the transfer set.',
      }),
    ),
  },
  { ...strict, $id: 'Report' },
)
export type Report = Static<typeof Report>

/** All schemas that are named in it. */
export const REPORT_SCHEMAS = [Metrics, ArmReport, PooledArm, PooledDifference, Pooled, Report]
