/** What the tests say when there is nothing to find: simulated cross-validations of two learners that are equally good. */
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { expect, test } from 'vitest'
import { correctedT } from '../../../workers/evaluation/statistics/corrected-t.ts'
import { exactMcNemar, pairOutcomes } from '../../../workers/evaluation/statistics/mcnemar.ts'

const ROWS = 100
const FEATURES = 4
const FOLDS = 5
const EXPERIMENTS = 1000
const LEVEL = 0.05

const random = xoroshiro128plus(20260101)
const uniform = (): number => (random.next() >>> 0) / 2 ** 32

/** Sign of a linear score, learned as the difference of the two class means on some of the features. */
function learn(x: Float64Array, y: Uint8Array, trains: (row: number) => boolean, from: number) {
  const direction = new Float64Array(FEATURES / 2)
  for (let row = 0; row < ROWS; row++)
    if (trains(row))
      for (let at = 0; at < direction.length; at++)
        direction[at] =
          (direction[at] ?? 0) + (y[row] ? 1 : -1) * ((x[row * FEATURES + from + at] ?? 0) - 0.5)
  return (row: number): number => {
    let score = 0
    for (let at = 0; at < direction.length; at++)
      score += (direction[at] ?? 0) * ((x[row * FEATURES + from + at] ?? 0) - 0.5)
    return score > 0 ? 1 : 0
  }
}

/** Random labels: two learners that see different features of the same rows, held out fold by fold. */
function experiment(): { corrected: number; naive: number; mcnemar: number } {
  const x = Float64Array.from({ length: ROWS * FEATURES }, uniform)
  const y = Uint8Array.from({ length: ROWS }, () => (uniform() < 0.5 ? 1 : 0))
  const right = [new Uint8Array(ROWS), new Uint8Array(ROWS)] as const
  const differences = Array.from({ length: FOLDS }, (_, fold) => {
    const trains = (row: number): boolean => row % FOLDS !== fold
    let difference = 0
    for (const [which, learner] of [learn(x, y, trains, 0), learn(x, y, trains, 2)].entries())
      for (let row = fold; row < ROWS; row += FOLDS) {
        const isRight = learner(row) === y[row] ? 1 : 0
        right[which as 0 | 1][row] = isRight
        difference += (which === 0 ? 1 : -1) * isRight
      }
    return difference / (ROWS / FOLDS)
  })
  return {
    corrected: correctedT(differences, 1 / (FOLDS - 1)).p ?? 1,
    naive: correctedT(differences, 0).p ?? 1,
    mcnemar: exactMcNemar(pairOutcomes(...right, Uint32Array.from(y.keys()))),
  }
}

const shareOf = (values: readonly number[]): number =>
  values.filter((p) => p < LEVEL).length / values.length

test('of cross-validations of random labels about one in twenty is significant by the corrected t', () => {
  const results = Array.from({ length: EXPERIMENTS }, experiment)
  // Three standard deviations of 1000 draws at 5 % are 2.1 %.
  expect(Math.abs(shareOf(results.map(({ corrected }) => corrected)) - LEVEL)).toBeLessThan(0.021)
  // Folds that train on common rows are not independent: both of these find too much.
  expect(shareOf(results.map(({ naive }) => naive))).toBeGreaterThan(0.09)
  expect(shareOf(results.map(({ mcnemar }) => mcnemar))).toBeGreaterThan(0.09)
})

test('on rows of one test set McNemar finds something in at most one of twenty', () => {
  const every = Uint32Array.from({ length: ROWS }, (_, row) => row)
  const guesses = (): Uint8Array => Uint8Array.from(every, () => (uniform() < 0.5 ? 1 : 0))
  const values = Array.from({ length: EXPERIMENTS }, () =>
    exactMcNemar(pairOutcomes(guesses(), guesses(), every)),
  )
  expect(shareOf(values)).toBeLessThanOrEqual(LEVEL)
  expect(shareOf(values)).toBeGreaterThan(0.02)
})
