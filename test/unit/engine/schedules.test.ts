import { expect, test } from 'vitest'
import { learningRateAt, warmup } from '../../../workers/engine/schedules.ts'

const at = (step: number) => ({ step, stepsPerEpoch: 10, epochs: 4 })

test('constant stays', () => {
  expect(learningRateAt({ name: 'constant' }, 0.3, at(39))).toBe(0.3)
})

test('step drops at whole epochs only', () => {
  const schedule = { name: 'step', every: 2, factor: 0.1 } as const
  const rates = [0, 9, 19, 20, 39].map((step) => learningRateAt(schedule, 1, at(step)))
  expect(rates).toEqual([1, 1, 1, 0.1, 0.1])
})

test('cosine starts at the rate, is half way in the middle and approaches the final share', () => {
  const schedule = { name: 'cosine', finalFactor: 0.2 } as const
  expect(learningRateAt(schedule, 2, at(0))).toBe(2)
  expect(learningRateAt(schedule, 2, at(20))).toBeCloseTo(2 * (0.2 + 0.8 * 0.5), 12)
  expect(learningRateAt(schedule, 2, at(10))).toBeCloseTo(
    2 * (0.2 + (0.8 * (1 + Math.SQRT1_2)) / 2),
    12,
  )
  expect(learningRateAt(schedule, 2, at(40))).toBeCloseTo(0.4, 12)
})

test('exponential multiplies once an epoch', () => {
  const schedule = { name: 'exponential', factor: 0.5 } as const
  expect([0, 9, 10, 39].map((step) => learningRateAt(schedule, 8, at(step)))).toEqual([8, 8, 4, 1])
})

test('a warm-up rises by equal steps to 1 and stays there; without one there is none', () => {
  expect([0, 1, 4, 5, 30].map((step) => warmup(0.5, at(step)))).toEqual([0.2, 0.4, 1, 1, 1])
  expect(warmup(0, at(0))).toBe(1)
})
