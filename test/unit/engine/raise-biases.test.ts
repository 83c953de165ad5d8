import { expect, test } from 'vitest'
import { answeredWith, raiseBiases } from '../../../workers/engine/raise-biases.ts'
import { randomStream, uniform } from '../../../workers/engine/random.ts'

const answersOf = (logits: Float32Array, classes: number, shifts: Float64Array): number[] =>
  Array.from({ length: logits.length / classes }, (_, row) => {
    const shifted = Array.from({ length: classes }, (_, at) => {
      return (logits[row * classes + at] ?? 0) + (shifts[at] ?? 0)
    })
    return shifted.indexOf(Math.max(...shifted))
  })

test('the shift lies between the last row that is won and the next one', () => {
  // Class 1 lacks 1, 2, 4 and 8.
  const logits = Float32Array.from([1, 0, 2, 0, 4, 0, 8, 0])
  expect([...raiseBiases({ logits, classes: 2 }, new Map([[1, 2]]))]).toEqual([0, 3])
  expect([...raiseBiases({ logits, classes: 2 }, new Map([[1, 4]]))]).toEqual([0, 9])
  expect([...raiseBiases({ logits, classes: 2 }, new Map([[1, 0]]))]).toEqual([0, 0])
})

test('a class that has its rows already is left alone, never lowered', () => {
  const logits = Float32Array.from([0, 5, 0, 5, 1, 0])
  expect([...raiseBiases({ logits, classes: 2 }, new Map([[1, 1]]))]).toEqual([0, 0])
})

test.each([[[3]], [[0, 4]], [[0, 1, 2, 3, 4, 5, 6, 9]]])(
  'classes %j get as many rows as they are to have, taking from each other too',
  (raised) => {
    const classes = 10
    const logits = uniform(2000 * classes, 3, randomStream(5))
    // As after a training that never saw them.
    for (let at = 0; at < logits.length; at++)
      if (raised.includes(at % classes)) logits[at] = (logits[at] ?? 0) - 9
    const wanted = new Map(raised.map((of) => [of, 150 + 5 * of]))
    const shifts = raiseBiases({ logits, classes }, wanted)
    const answers = answersOf(logits, classes, shifts)
    for (const [of, rows] of wanted) {
      expect(answers.filter((answer) => answer === of).length).toBe(rows)
      expect(answeredWith({ logits, classes }, shifts, of)).toBe(rows)
    }
    for (const [of, shift] of shifts.entries()) expect(shift > 0).toBe(raised.includes(of))
  },
)

test('rows that lack exactly as much are won together or not at all', () => {
  const logits = Float32Array.from([1, 0, 1, 0, 1, 0, 3, 0])
  expect([...raiseBiases({ logits, classes: 2 }, new Map([[1, 2]]))]).toEqual([0, 1])
})
