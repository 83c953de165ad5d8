import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { deriveSeed, randomStream, shuffle, uniform } from '../../../workers/engine/random.ts'

test('a derived seed is the head of a SHA-256, and labels are told apart', () => {
  const hash = createHash('sha256').update('[42,"weights","student",3]').digest('hex')
  expect(deriveSeed(42, 'weights', 'student', 3)).toBe(Number.parseInt(hash.slice(0, 8), 16))
  const seeds = [
    deriveSeed(42, 'a', 'b'),
    deriveSeed(42, 'ab'),
    deriveSeed(42, 'a', 'b', null),
    deriveSeed(42, 'a', 'b', 0),
    deriveSeed(42, 'a', 'b', '0'),
    deriveSeed(43, 'a', 'b'),
  ]
  expect(new Set(seeds).size).toBe(seeds.length)
})

test('streams keep their numbers over versions', () => {
  const order = Uint32Array.from({ length: 8 }, (_, index) => index)
  shuffle(order, randomStream(1))
  expect([...order]).toEqual([1, 7, 5, 4, 2, 3, 0, 6])
  expect([...uniform(3, 1, randomStream(1))]).toEqual([
    0.9999999403953552, 0.6250401139259338, 0.2894628942012787,
  ])
})

test('every order of three comes about equally often', () => {
  const random = randomStream(5)
  const counts = new Map<string, number>()
  for (let trial = 0; trial < 6000; trial++) {
    const order = Uint32Array.of(0, 1, 2)
    shuffle(order, random)
    counts.set(order.join(), (counts.get(order.join()) ?? 0) + 1)
  }
  expect(counts.size).toBe(6)
  for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150)
})
