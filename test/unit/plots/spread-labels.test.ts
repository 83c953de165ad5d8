import fc from 'fast-check'
import { expect, test } from 'vitest'
import { spreadLabels } from '../../../src/plots/spread-labels.ts'

const LINE = 14
const label = fc.record({
  x: fc.integer({ min: 0, max: 300 }),
  y: fc.integer({ min: 0, max: 260 }),
  width: fc.integer({ min: 1, max: 120 }),
})

test('no label covers another, and none moves up', () => {
  fc.assert(
    fc.property(fc.array(label, { maxLength: 12 }), (labels) => {
      const heights = spreadLabels(labels)
      for (const [index, a] of labels.entries()) {
        expect(heights[index]).toBeGreaterThanOrEqual(a.y)
        for (const [other, b] of labels.entries()) {
          if (other === index || a.x >= b.x + b.width || b.x >= a.x + a.width) continue
          const apart = Math.abs((heights[index] ?? 0) - (heights[other] ?? 0))
          expect(apart).toBeGreaterThanOrEqual(LINE)
        }
      }
    }),
  )
})

test('labels that stand alone stay with their points, and a crowd keeps its order', () => {
  const alone = [
    { x: 0, y: 50, width: 30 },
    { x: 100, y: 50, width: 30 },
  ]
  expect(spreadLabels(alone)).toEqual([50, 50])
  const crowd = [52, 50, 51].map((y) => ({ x: 0, y, width: 30 }))
  expect(spreadLabels(crowd)).toEqual([78, 50, 64])
})
