import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { readCsv } from '../../../src/datasets/csv.ts'
import { openDigits } from '../../../src/datasets/digits.ts'
import { MemorySink } from './reading.ts'

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

// Hashes, counts and moments are those of the same rows in NumPy, as '<f4' and '<i4'.
test('the bundled digits are those of scikit-learn', async () => {
  const { source, options } = openDigits()
  const sink = new MemorySink()
  const parsed = await readCsv(source, options, sink)
  expect(parsed).toMatchObject({
    rows: 1797,
    inputShape: [8, 8, 1],
    classNames: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
    classCounts: [178, 182, 177, 183, 181, 182, 181, 179, 174, 180],
    profile: { minimum: 0, maximum: 16 },
  })
  expect(parsed.profile.mean).toBeCloseTo(4.884164579855314, 12)
  expect(parsed.profile.standardDeviation).toBeCloseTo(6.016787548672237, 12)
  expect(sha256(sink.bytes)).toBe(
    'a627aed550b0b29bf76a981bc1ecbab5ef775aac454c94154f20ec9f61a04c83',
  )
  expect(sha256(new Uint8Array(parsed.labels.buffer))).toBe(
    '3a0e68456f9a3c609b399717dd9ca55bb9153be1bccf72e38e3319cb740c75cd',
  )
})
