import { expect, test } from 'vitest'
import { convergence } from '../../../workers/evaluation/convergence/convergence.ts'
import { longerTraining } from '../../../workers/evaluation/convergence/matched-epochs.ts'
import type { TrainingRecord } from '../../../workers/trainer-contract.ts'

/** Ten steps and two seconds an epoch. */
const training = (accuracies: readonly (number | null)[], secondsAnEpoch = 2): TrainingRecord => ({
  seconds: accuracies.length * secondsAnEpoch + 1,
  epochs: accuracies.map((validationAccuracy, index) => ({
    step: 10 * (index + 1),
    seconds: secondsAnEpoch * (index + 1),
    validationAccuracy,
    validationLoss: validationAccuracy === null ? null : 1 - validationAccuracy,
  })),
})

test('targets are those of the own last epoch and of the control, on the mean of the folds', () => {
  const distilled = [training([0.6, 0.9, 1]), training([0.6, 0.7, 1])]
  const control = [training([0.5, 0.6, 0.8]), training([0.3, 0.6, 0.8])]
  const found = convergence(distilled, control, 10)
  expect(found?.arms.distilled.curve.map(({ accuracy }) => accuracy)).toEqual([0.6, 0.8, 1])
  expect(found?.arms.distilled.ofOwnFinal.map(({ reached }) => reached.epochs)).toEqual([3, 3, 3])
  expect(found?.arms.distilled.ofControlFinal).toEqual({
    target: 0.8,
    epochs: 2,
    steps: 20,
    seconds: 4,
    beyondEpochs: null,
  })
  expect(found?.arms.control.ofControlFinal.epochs).toBe(3)
  // (0.4 + 0.6 + 0.8) / 3
  expect(found?.arms.control.meanAccuracy).toBeCloseTo(0.6, 12)
  expect(found?.speedUp).toEqual({
    epochs: 1.5,
    steps: 1.5,
    seconds: 1.5,
    // 6 s against 4 s and the teacher's 10 s.
    secondsWithTeacher: 6 / 14,
  })
})

test('a target that was not reached is beyond the last epoch, and there is no speed-up', () => {
  const found = convergence([training([0.1, 0.2])], [training([0.5, 0.9])], 1)
  expect(found?.arms.distilled.ofControlFinal).toEqual({
    target: 0.9,
    epochs: null,
    steps: null,
    seconds: null,
    beyondEpochs: 2,
  })
  expect(found?.speedUp).toEqual({
    epochs: null,
    steps: null,
    seconds: null,
    secondsWithTeacher: null,
  })
})

test('a curve that falls again has reached its target when it first did', () => {
  const found = convergence([training([0.9, 0.4, 0.8])], [training([0.5, 0.7, 0.6])], null)
  expect(found?.arms.distilled.ofControlFinal.epochs).toBe(1)
  expect(found?.arms.control.ofControlFinal.epochs).toBe(2)
  expect(found?.speedUp.secondsWithTeacher).toBeNull()
})

test('folds of which one stopped early are averaged as far as all went', () => {
  const found = convergence(
    [training([0.2, 0.4, 0.6]), training([0.4, 0.6])],
    [training([0.1, 0.2]), training([0.1, 0.2])],
    null,
  )
  expect(found?.arms.distilled.curve).toHaveLength(2)
  expect(found?.arms.distilled.curve.at(-1)?.accuracy).toBeCloseTo(0.5, 12)
})

test('without inner validation rows, or without a control, there is nothing to say', () => {
  expect(convergence([training([null, null])], [training([null, null])], 1)).toBeNull()
  expect(convergence([training([0.5])], [], 1)).toBeNull()
})

test('a matched control runs as many epochs as fit into the seconds of teacher and student', () => {
  const seconds = (value: number): TrainingRecord => ({ seconds: value, epochs: [] })
  expect(longerTraining(20, seconds(30), seconds(10))).toBe(80)
  expect(longerTraining(20, seconds(0), seconds(10))).toBe(20)
  // Never fewer, and never more than a spec could ask for.
  expect(longerTraining(20, seconds(1), seconds(1000))).toBe(20)
  expect(longerTraining(20, seconds(1e6), seconds(1))).toBe(10_000)
})
