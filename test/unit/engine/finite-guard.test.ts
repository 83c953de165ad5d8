import { expect, test } from 'vitest'
import { resolveObjective } from '../../../src/domain/objective.ts'
import { FiniteGuard } from '../../../workers/engine/finite-guard.ts'

const guard = (): FiniteGuard => new FiniteGuard(resolveObjective())
const step = (terms: number[]) => ({ terms, correct: 0 })
const probe = (gradientNorms: number[], gradientNorm: number) => ({
  values: [1, 2],
  gradientNorms,
  gradientNorm,
})

test('a term that is no number is named with its step, and with what came before', () => {
  const watch = guard()
  watch.checkGradients(1, 1, probe([1, 2], 3))
  watch.check(1, 8, step([0.25, 2]))
  watch.checkGradients(2, 9, probe([8e3, 5e3], 1e4))
  watch.check(2, 9, step([0.5, 3]))
  expect(() => watch.check(2, 10, step([Number.NaN, Infinity]))).toThrow(
    expect.objectContaining({
      code: 'non-finite-loss',
      message: expect.stringContaining(
        'the soft-targets loss became NaN in epoch 2, step 10; in step 9 it was 0.5, and the gradient norm 10000 in step 9',
      ),
      details: {
        what: 'term',
        term: { index: 0, method: 'soft-targets' },
        epoch: 2,
        step: 10,
        terms: ['NaN', 'Infinity'],
        lastFinite: { epoch: 2, step: 9, terms: [0.5, 3] },
        lastGradients: { epoch: 2, step: 9, termGradientNorms: [8e3, 5e3], gradientNorm: 1e4 },
      },
    }),
  )
})

test('a gradient that is infinite while the loss is finite fails before its step', () => {
  expect(() => guard().checkGradients(1, 1, probe([1, Infinity], Infinity))).toThrow(
    expect.objectContaining({
      message: expect.stringMatching(
        /^the gradient of the hard-labels loss became Infinity while every loss is finite in epoch 1, step 1; it was the first step/,
      ),
      details: expect.objectContaining({
        what: 'gradient',
        term: { index: 1, method: 'hard-labels' },
        lastFinite: null,
        lastGradients: null,
      }),
    }),
  )
  expect(() => guard().checkGradients(1, 1, probe([1, 2], Number.NaN))).toThrow(
    expect.objectContaining({
      message: expect.stringMatching(/^the gradient became NaN/),
      details: expect.objectContaining({ what: 'gradient', term: null }),
    }),
  )
})

test('weights that the last step made infinite fail', () => {
  const watch = guard()
  watch.check(4, 40, step([1, 2]))
  const weights = (value: number) => [
    { name: 'dense.kernel', shape: [2], values: Float32Array.of(1, value) },
  ]
  watch.checkWeights(weights(3))
  expect(() => watch.checkWeights(weights(Infinity))).toThrow(
    expect.objectContaining({
      message: expect.stringMatching(
        /^the weights dense.kernel stopped being finite in epoch 4, step 40/,
      ),
      details: expect.objectContaining({ what: 'weights', term: null, epoch: 4, step: 40 }),
    }),
  )
})

test('the diagnosis survives JSON', () => {
  const watch = guard()
  try {
    watch.check(1, 1, step([-Infinity, 2]))
  } catch (error) {
    const { details } = error as { details: unknown }
    expect(JSON.parse(JSON.stringify(details))).toEqual(details)
  }
  expect.assertions(1)
})
