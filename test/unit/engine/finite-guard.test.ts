import { expect, test } from 'vitest'
import { resolveObjective } from '../../../src/domain/objective.ts'
import { FiniteGuard } from '../../../workers/engine/finite-guard.ts'

const guard = (): FiniteGuard => new FiniteGuard(resolveObjective())
const step = (terms: number[], gradientNorm: number) => ({ terms, gradientNorm, correct: 0 })

test('a term that is no number is named with its step, and with what came before', () => {
  const watch = guard()
  watch.check(1, 8, step([0.25, 2], 7))
  watch.check(2, 9, step([0.5, 3], 1e4))
  expect(() => watch.check(2, 10, step([Number.NaN, Infinity], Number.NaN))).toThrow(
    expect.objectContaining({
      code: 'non-finite-loss',
      message: expect.stringContaining(
        'the soft-targets loss became NaN (gradient norm NaN) in epoch 2, step 10; in step 9 it was 0.5 and the gradient norm was 10000',
      ),
      details: {
        term: { index: 0, method: 'soft-targets' },
        epoch: 2,
        step: 10,
        terms: ['NaN', 'Infinity'],
        gradientNorm: 'NaN',
        lastFinite: { epoch: 2, step: 9, terms: [0.5, 3], gradientNorm: 1e4 },
      },
    }),
  )
})

test('a gradient that is infinite while the loss is finite fails at that step', () => {
  const watch = guard()
  expect(() => watch.check(1, 1, step([1, 2], Infinity))).toThrow(
    expect.objectContaining({
      message: expect.stringMatching(
        /^the gradient became Infinity while every loss is finite in epoch 1, step 1; it was the first step/,
      ),
      details: expect.objectContaining({ term: null, lastFinite: null }),
    }),
  )
})

test('the diagnosis survives JSON', () => {
  const watch = guard()
  try {
    watch.check(1, 1, step([-Infinity, 2], Number.NaN))
  } catch (error) {
    const { details } = error as { details: unknown }
    expect(JSON.parse(JSON.stringify(details))).toEqual(details)
  }
  expect.assertions(1)
})
