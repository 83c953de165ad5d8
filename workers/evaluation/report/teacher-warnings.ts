/** What the answers of a teacher warn of. The bounds are rules of thumb. */
import type { TeacherFit } from '../../../src/domain/report/teacher-fit.ts'
import type { ReportWarning } from '../../../src/domain/report/warning.ts'
import { percent } from './in-words.ts'

/** Soft labels whose largest is above it on average say little more than the labels. */
const NEARLY_ONE_HOT = 0.99
/** Held-out loss above a multiple of the training loss and a margin, in nats, is more than the usual gap. */
const LOSS_FACTOR = 2
const LOSS_MARGIN = 0.25
/** Confidence above accuracy by more says that rows are unlike those the teacher knows. */
const OVERCONFIDENCE = 0.1

const nats = (value: number): string => `${value.toFixed(3)} nats`

function oneHot({ softLabels }: TeacherFit): ReportWarning[] {
  return softLabels
    .filter(({ meanLargest }) => meanLargest > NEARLY_ONE_HOT)
    .map(({ method, temperature, meanLargest, meanEntropy }) => ({
      code: 'soft-labels-nearly-one-hot',
      message: `The soft labels of ${method} are nearly one-hot at temperature ${temperature}: the largest is ${meanLargest.toFixed(4)} on average (entropy ${nats(meanEntropy)}), so they say little more than the labels. Raise the temperature.`,
      numbers: { temperature, meanLargest, meanEntropy },
    }))
}

function shifted({ training, heldOut, shift }: TeacherFit): ReportWarning[] {
  const numbers = {
    heldOutNll: heldOut.nll,
    heldOutConfidence: heldOut.meanConfidence,
    heldOutAccuracy: heldOut.accuracy,
  }
  if (training && shift !== null) {
    if (heldOut.nll <= LOSS_FACTOR * training.nll + LOSS_MARGIN) return []
    return [
      {
        code: 'teacher-shift',
        message: `The teacher answers worse on rows it never saw: NLL ${nats(heldOut.nll)} against ${nats(training.nll)} on its training rows, mean confidence ${percent(heldOut.meanConfidence)} against ${percent(training.meanConfidence)} at an accuracy of ${percent(heldOut.accuracy)}. It fits its training rows too closely, or held-out rows are unlike them; what it teaches is less reliable than it looks.`,
        numbers: {
          ...numbers,
          trainingNll: training.nll,
          trainingConfidence: training.meanConfidence,
        },
      },
    ]
  }
  if (heldOut.meanConfidence - heldOut.accuracy <= OVERCONFIDENCE) return []
  return [
    {
      code: 'teacher-shift',
      message: `The teacher is surer than it is right on this dataset: mean confidence ${percent(heldOut.meanConfidence)} at an accuracy of ${percent(heldOut.accuracy)}, NLL ${nats(heldOut.nll)}. The rows may be unlike those it was trained on, which are not known here.`,
      numbers,
    },
  ]
}

function worseThanGuessing({ heldOut }: TeacherFit, classes: number): ReportWarning[] {
  const guessing = Math.log(classes)
  if (heldOut.nll <= guessing) return []
  return [
    {
      code: 'teacher-worse-than-guessing',
      message: `The probabilities of the teacher are worse than none: NLL ${nats(heldOut.nll)}, where equal probabilities for all ${classes} classes have ${nats(guessing)}.`,
      numbers: { heldOutNll: heldOut.nll, guessingNll: guessing },
    },
  ]
}

export const teacherFitWarnings = (fit: TeacherFit, classes: number): ReportWarning[] => [
  ...worseThanGuessing(fit, classes),
  ...shifted(fit),
  ...oneHot(fit),
]
