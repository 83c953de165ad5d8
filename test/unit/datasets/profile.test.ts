import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Profile } from '../../../src/datasets/profile.ts'

const profileOf = (...parts: (Uint8Array | Float32Array)[]) => {
  const profile = new Profile()
  for (const part of parts) profile.add(part)
  return profile.finish()
}

test('a small spread around a large mean is not lost', () => {
  // 2^24 is the largest odd-and-even float32 range: neighbours are one apart.
  const values = Float32Array.from({ length: 100_000 }, (_, index) => 16_000_000 + (index % 2))
  const got = profileOf(values.subarray(0, 33_333), values.subarray(33_333))
  expect(got.mean).toBeCloseTo(16_000_000.5, 8)
  expect(got.standardDeviation).toBeCloseTo(0.5, 8)
})

test('how values are cut into chunks does not matter', () => {
  const arrays = fc.float32Array({ min: -1000, max: 1000, noNaN: true, minLength: 1 })
  fc.assert(
    fc.property(arrays, fc.nat(), (values, at) => {
      const cut = at % (values.length + 1)
      const whole = profileOf(values)
      const parts = profileOf(values.subarray(0, cut), values.subarray(cut))
      expect(parts.minimum).toBe(whole.minimum)
      expect(parts.maximum).toBe(whole.maximum)
      expect(parts.mean).toBeCloseTo(whole.mean, 8)
      expect(parts.standardDeviation).toBeCloseTo(whole.standardDeviation, 8)
    }),
  )
})

test('bytes are numbers from 0 to 255', () => {
  expect(profileOf(Uint8Array.of(0, 255))).toEqual({
    minimum: 0,
    maximum: 255,
    mean: 127.5,
    standardDeviation: 127.5,
  })
})
