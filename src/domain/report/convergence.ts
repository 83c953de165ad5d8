/** How fast distilled and control learn, from their curves on inner validation rows. */
import { type Static, Type } from 'typebox'
import { strict } from '../schema.ts'
import { NullableNumber } from './interval.ts'

const CurvePoint = Type.Object(
  {
    epoch: Type.Integer({ description: 'From 1.' }),
    step: Type.Integer({ description: 'Steps of training so far.' }),
    seconds: Type.Number({ description: 'Of training so far, compiling included.' }),
    accuracy: NullableNumber('Mean over the folds.'),
    loss: NullableNumber('Cross-entropy with the labels, in nats, mean over the folds.'),
  },
  { ...strict },
)

/** A target that was never reached has `beyond`, which is shown as ">N". */
const Reached = Type.Object(
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

const ArmConvergence = Type.Object(
  {
    curve: Type.Array(CurvePoint),
    ofOwnFinal: Type.Array(
      Type.Object({ fraction: Type.Number(), reached: Reached }, { ...strict }),
      { description: 'To 0.90, 0.95 and 0.99 of its own final accuracy.' },
    ),
    ofControlFinal: Reached,
    meanAccuracy: NullableNumber('Over all epochs: the area under the curve, per epoch.'),
  },
  { ...strict },
)

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
    teacherSeconds: NullableNumber('Of its training and its answers; null for a given teacher.'),
    speedUp: SpeedUp,
  },
  { ...strict },
)
export type Convergence = Static<typeof Convergence>
