/** How fast distilled and control learn, from their curves on inner validation rows. */
import { type Static, Type } from 'typebox'
import { strict } from '../schema.ts'
import { NullableNumber } from './interval.ts'

const CurvePoint = Type.Object(
  {
    epoch: Type.Integer({ description: 'From 1.' }),
    step: Type.Number({ description: 'Steps of training so far, mean over the folds.' }),
    seconds: Type.Number({
      description: 'Of training so far, with measuring and without compiling, mean over the folds.',
    }),
    accuracy: Type.Number({ description: 'Mean over the folds.' }),
    loss: Type.Number({
      description: 'Cross-entropy with the labels, in nats, mean over the folds.',
    }),
  },
  { ...strict },
)

/** A target that was never reached has `beyond`, which is shown as ">N". */
export const Reached = Type.Object(
  {
    target: Type.Number({ description: 'Accuracy.' }),
    epochs: NullableNumber('Until the target; null where it was not reached.'),
    steps: NullableNumber('Until the target; null where it was not reached.'),
    seconds: NullableNumber('Until the target; null where it was not reached.'),
    beyondEpochs: Type.Union([Type.Integer(), Type.Null()], {
      description: 'Epochs after which it was still not reached; null where it was.',
    }),
  },
  { ...strict },
)

export type Reached = Static<typeof Reached>

export const ArmConvergence = Type.Object(
  {
    curve: Type.Array(CurvePoint),
    ofOwnFinal: Type.Array(
      Type.Object({ fraction: Type.Number(), reached: Reached }, { ...strict }),
      { description: 'To 0.90, 0.95 and 0.99 of its own final accuracy.' },
    ),
    ofControlFinal: Reached,
    meanAccuracy: Type.Number({
      description: 'Over all epochs: the area under the curve, per epoch.',
    }),
  },
  { ...strict },
)

export type ArmConvergence = Static<typeof ArmConvergence>

const SpeedUp = Type.Object(
  {
    epochs: NullableNumber('Control / distilled.'),
    steps: NullableNumber('Control / distilled.'),
    seconds: NullableNumber('Control / distilled, without the teacher.'),
    secondsWithTeacher: NullableNumber("Control / distilled, the teacher's training counted."),
  },
  { ...strict, description: "To the control's final accuracy; null where one did not reach it." },
)

export const Convergence = Type.Object(
  {
    arms: Type.Object({ distilled: ArmConvergence, control: ArmConvergence }, { ...strict }),
    teacherSeconds: NullableNumber('Of its training, mean over the folds; null for a given one.'),
    speedUp: SpeedUp,
  },
  { ...strict },
)
export type Convergence = Static<typeof Convergence>
