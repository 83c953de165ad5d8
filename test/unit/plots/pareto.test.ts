import fc from 'fast-check'
import { expect, test } from 'vitest'
import { frontier, pareto } from '../../../src/plots/pareto.ts'
import { read } from './drawing.ts'

const candidate = (name: string, accuracy: number, weightBytes: number | null) => ({
  name,
  arm: 'distilled' as const,
  accuracy,
  standardDeviation: null,
  weightBytes,
  latencyMs: null,
})

test('the frontier has those that nobody dominates, from cheap to dear', () => {
  const point = fc.record({
    cost: fc.integer({ min: 1, max: 20 }),
    accuracy: fc.integer({ min: 0, max: 20 }),
  })
  fc.assert(
    fc.property(fc.array(point, { maxLength: 30 }), (points) => {
      const best = frontier(points)
      for (const one of points) {
        const isDominated = points.some(
          (other) =>
            other.cost <= one.cost &&
            other.accuracy >= one.accuracy &&
            (other.cost < one.cost || other.accuracy > one.accuracy),
        )
        const isThere = best.some(
          (other) => other.cost === one.cost && other.accuracy === one.accuracy,
        )
        expect(isThere).toBe(!isDominated)
      }
      const costs = best.map(({ cost }) => cost)
      expect(costs).toEqual([...new Set(costs)].toSorted((a, b) => a - b))
    }),
  )
})

test('there is a panel for each cost that is known of two', async () => {
  const known = [candidate('small', 0.9, 1000), candidate('large', 0.95, 9000)]
  const plot = pareto([...known, candidate('recorded', 0.99, null)], 'light')
  if (!plot) throw new Error('there is a plot')
  const { texts, svg } = await read(plot)
  expect(texts.map(({ text }) => text)).toEqual(['small', 'large'])
  expect(svg).toContain('weights, kB')
  expect(svg).not.toContain('latency')
  expect(pareto([candidate('one', 0.9, 10), candidate('other', 0.9, null)], 'light')).toBeNull()
})

test('sizes stand on a logarithmic axis: ten times as much is the same way again', async () => {
  const plot = pareto(
    [1, 10, 100].map((kilobytes) =>
      candidate(`${kilobytes}`, 0.9 + kilobytes / 2000, 1000 * kilobytes),
    ),
    'light',
  )
  if (!plot) throw new Error('there is a plot')
  const [a, b, c] = (await read(plot)).points.map(({ x }) => x)
  expect((c ?? 0) - (b ?? 0)).toBeCloseTo((b ?? 0) - (a ?? 0), 3)
})
