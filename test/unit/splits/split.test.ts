import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Split } from '../../../src/domain/evaluation.ts'
import { foldOfRow, NEVER_HELD_OUT, partition, splitSha256 } from '../../../src/splits/split.ts'

const seeds = fc.integer({ min: 0, max: 4294967295 })
const labelArrays = (minLength: number) =>
  fc
    .array(fc.integer({ min: 0, max: 6 }), { minLength, maxLength: 200 })
    .map((labels) => Int32Array.from(labels))
const kFolds = fc.record({
  kind: fc.constant('k-fold' as const),
  folds: fc.integer({ min: 2, max: 12 }),
  stratified: fc.boolean(),
  seed: seeds,
})
const holdouts = fc.record({
  kind: fc.constant('holdout' as const),
  fraction: fc.double({ min: 0.001, max: 0.999, noNaN: true }),
  stratified: fc.boolean(),
  seed: seeds,
})

const tally = (values: Iterable<number>): Map<number, number> => {
  const counts = new Map<number, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}
const classesOf = (labels: Int32Array, rows: Uint32Array): Map<number, number> =>
  tally(Array.from(rows, (row) => labels[row] ?? -1))
const spread = (counts: readonly number[]): number => Math.max(...counts) - Math.min(...counts)
const ascending = (rows: Uint32Array): boolean =>
  rows.every((row, index) => index === 0 || row > (rows[index - 1] ?? 0))

test('k-fold holds every row out exactly once, in folds whose sizes differ by at most one', () => {
  fc.assert(
    fc.property(kFolds, labelArrays(12), (split, labels) => {
      const held = new Uint32Array(labels.length)
      const sizes: number[] = []
      for (let fold = 0; fold < split.folds; fold++) {
        const { training, heldOut } = partition(split, labels, fold)
        for (const row of heldOut) held[row] = (held[row] ?? 0) + 1
        sizes.push(heldOut.length)
        expect(ascending(training) && ascending(heldOut)).toBe(true)
        expect([...training, ...heldOut].sort((a, b) => a - b)).toEqual([...labels.keys()])
      }
      expect(held.every((times) => times === 1)).toBe(true)
      expect(spread(sizes)).toBeLessThanOrEqual(1)
    }),
  )
})

test('stratified k-fold shares every class between the folds to within one row', () => {
  fc.assert(
    fc.property(kFolds, labelArrays(12), (given, labels) => {
      const split = { ...given, stratified: true }
      const folds = Array.from({ length: split.folds }, (_, fold) =>
        classesOf(labels, partition(split, labels, fold).heldOut),
      )
      for (const label of new Set(labels))
        expect(spread(folds.map((counts) => counts.get(label) ?? 0))).toBeLessThanOrEqual(1)
    }),
  )
})

test('holdout keeps at least one row of both parts and cuts the rows in two', () => {
  fc.assert(
    fc.property(holdouts, labelArrays(2), (split, labels) => {
      fc.pre(split.stratified === false || [...tally(labels).values()].some((rows) => rows > 1))
      const { training, heldOut } = partition(split, labels, null)
      expect(training.length).toBeGreaterThan(0)
      expect(heldOut.length).toBeGreaterThan(0)
      expect([...training, ...heldOut].sort((a, b) => a - b)).toEqual([...labels.keys()])
      expect(partition(split, labels, 0)).toEqual({ training, heldOut })
    }),
  )
})

test('stratified holdout leaves a row of every class of two or more on both sides, and trains on single rows', () => {
  fc.assert(
    fc.property(holdouts, labelArrays(2), (given, labels) => {
      const split = { ...given, stratified: true }
      const heldOut = classesOf(labels, partition(split, labels, null).heldOut)
      for (const [label, rows] of tally(labels)) {
        const held = heldOut.get(label) ?? 0
        if (rows === 1) expect(held).toBe(0)
        else {
          expect(held).toBeGreaterThanOrEqual(1)
          expect(held).toBeLessThan(rows)
        }
      }
    }),
  )
})

test('a small class keeps a training row when nearly all rows are held out', () => {
  // Quotas 1.56 of 2 and 5.44 of 7: by remainder alone the small class would lose both rows.
  const labels = Int32Array.of(0, 0, 1, 1, 1, 1, 1, 1, 1)
  const split: Split = { kind: 'holdout', fraction: 0.8, stratified: true, seed: 1 }
  expect(classesOf(labels, partition(split, labels, null).training).get(0)).toBe(1)
})

test('stratified holdout of large classes holds back their share to within one row, and the total exactly', () => {
  const fractions = fc.double({ min: 0.1, max: 0.9, noNaN: true })
  const classSizes = fc.array(fc.integer({ min: 20, max: 90 }), { minLength: 2, maxLength: 6 })
  fc.assert(
    fc.property(fractions, classSizes, seeds, (fraction, sizes, seed) => {
      const labels = Int32Array.from(sizes.flatMap((size, label) => Array(size).fill(label)))
      const split: Split = { kind: 'holdout', fraction, stratified: true, seed }
      const { heldOut } = partition(split, labels, null)
      expect(heldOut.length).toBe(Math.round(fraction * labels.length))
      const share = heldOut.length / labels.length
      for (const [label, held] of classesOf(labels, heldOut))
        expect(Math.abs(held - share * (sizes[label] ?? 0))).toBeLessThan(1)
    }),
  )
})

test('unstratified holdout holds back the rounded share', () => {
  const split: Split = { kind: 'holdout', fraction: 0.25, stratified: false, seed: 1 }
  expect(partition(split, new Int32Array(10), null).heldOut).toHaveLength(3)
})

test('the same seed gives the same folds and another seed gives others', () => {
  const labels = Int32Array.from({ length: 100 }, (_, row) => row % 3)
  const split = (seed: number, stratified = true): Split => ({
    kind: 'k-fold',
    folds: 5,
    stratified,
    seed,
  })
  for (const stratified of [true, false]) {
    expect(foldOfRow(split(7, stratified), labels)).toEqual(foldOfRow(split(7, stratified), labels))
    expect(foldOfRow(split(7, stratified), labels)).not.toEqual(
      foldOfRow(split(8, stratified), labels),
    )
  }
  expect(foldOfRow(split(0), labels)).not.toEqual(foldOfRow(split(4294967295), labels))
})

test('folds of a given seed never change between versions', () => {
  const labels = Int32Array.from({ length: 24 }, (_, row) => row % 3)
  const hashes = (['k-fold', 'holdout'] as const).map((kind) =>
    splitSha256({ kind, folds: 4, fraction: 0.25, stratified: true, seed: 42 }, labels),
  )
  expect(hashes).toMatchInlineSnapshot(`
    [
      "167db570ba4571d7fe32a708292e11ea75a912863ab64d1e2a0f6b7ff7b6b901",
      "d1290add6e186791ccc90a54be0a16d2a91e351ab4ee267d7ffd6c6fa07c43fe",
    ]
  `)
})

test('rows are not held out in the order of the file', () => {
  const labels = new Int32Array(1000)
  const folds = foldOfRow({ kind: 'k-fold', folds: 2, stratified: true, seed: 3 }, labels)
  const firstHalf = folds.subarray(0, 500).reduce((sum, fold) => sum + fold, 0)
  // Binomial(500, 1/2) without replacement: five standard deviations are 40.
  expect(Math.abs(firstHalf - 250)).toBeLessThan(40)
  expect(folds.some((fold, row) => fold !== row % 2)).toBe(true)
})

test('the final of k-fold trains on all rows', () => {
  const split: Split = { kind: 'k-fold', folds: 3, stratified: true, seed: 1 }
  const { training, heldOut } = partition(split, new Int32Array(9), null)
  expect([...training]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
  expect(heldOut).toHaveLength(0)
})

test('without a split all rows train and there is no hash', () => {
  const labels = new Int32Array(4)
  expect(partition({ kind: 'none' }, labels, null).training).toHaveLength(4)
  expect([...foldOfRow({ kind: 'none' }, labels)]).toEqual(Array(4).fill(NEVER_HELD_OUT))
  expect(splitSha256({ kind: 'none' }, labels)).toBeNull()
})

test('the hash is over little-endian uint32 with 4294967295 for rows that always train', () => {
  const labels = Int32Array.from([0, 0, 0, 0])
  const split: Split = { kind: 'holdout', fraction: 0.25, stratified: true, seed: 5 }
  const { heldOut } = partition(split, labels, null)
  const bytes = Buffer.alloc(16, 0xff)
  bytes.fill(0, (heldOut[0] ?? 0) * 4, (heldOut[0] ?? 0) * 4 + 4)
  expect(splitSha256(split, labels)).toBe(createHash('sha256').update(bytes).digest('hex'))
})

test.each([
  [{ kind: 'k-fold', folds: 3, stratified: true, seed: 1 }, 3],
  [{ kind: 'k-fold', folds: 3, stratified: true, seed: 1 }, -1],
  [{ kind: 'k-fold', folds: 3, stratified: true, seed: 1 }, 0.5],
  [{ kind: 'holdout', fraction: 0.5, stratified: true, seed: 1 }, 1],
  [{ kind: 'none' }, 0],
] as [Split, number][])('a fold that does not exist is refused: %o fold %d', (split, fold) => {
  expect(() => partition(split, new Int32Array(9), fold)).toThrow(RangeError)
})

test('fewer rows than parts are refused', () => {
  const split: Split = { kind: 'k-fold', folds: 5, stratified: true, seed: 1 }
  expect(() => foldOfRow(split, new Int32Array(4))).toThrow('4 rows cannot be cut into 5 folds')
  expect(() =>
    foldOfRow({ kind: 'holdout', fraction: 0.5, stratified: false, seed: 1 }, Int32Array.from([1])),
  ).toThrow(RangeError)
})
