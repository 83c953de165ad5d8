import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Split } from '../../../src/domain/evaluation.ts'
import { innerSplit } from '../../../src/splits/inner-split.ts'
import { foldOfRow, partition, splitSha256 } from '../../../src/splits/split.ts'

interface Case {
  readonly name: string
  readonly folds: number
  readonly classes: number
  readonly labels: readonly number[]
  readonly groups: readonly number[]
  readonly imbalance: number
}
const { cases } = JSON.parse(
  readFileSync(new URL('../../fixtures/group-folds.json', import.meta.url), 'utf8'),
) as { cases: readonly Case[] }

const kFold = (
  folds: number,
  changes: Partial<Extract<Split, { kind: 'k-fold' }>> = {},
): Split => ({
  kind: 'k-fold',
  folds,
  stratified: true,
  seed: 1,
  grouped: true,
  ...changes,
})
const rowsOf = (values: readonly number[], groups: readonly number[]) =>
  [Int32Array.from(values), Int32Array.from(groups)] as const
const ofRows = (rows: Uint32Array, of: Int32Array): Set<number> =>
  new Set(Array.from(rows, (row) => of[row] as number))
const shared = (one: Set<number>, other: Set<number>) => [...one].filter((id) => other.has(id))

/** Root mean square of what folds have too much or too little of the classes. */
function imbalance({ folds, classes }: Case, labels: Int32Array, foldOf: Uint32Array): number {
  let squares = 0
  for (let fold = 0; fold < folds; fold++)
    for (let label = 0; label < classes; label++) {
      const ofClass = [...labels.keys()].filter((row) => labels[row] === label)
      const here = ofClass.filter((row) => foldOf[row] === fold).length
      squares += (here / ofClass.length - 1 / folds) ** 2
    }
  return Math.sqrt(squares / (folds * classes))
}

const groupedRows = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 14 })), {
    minLength: 20,
    maxLength: 120,
  })
  .map((rows) =>
    rowsOf(
      rows.map(([label]) => label),
      rows.map(([, group]) => 7 * group),
    ),
  )
const seeds = fc.integer({ min: 0, max: 4294967295 })

test('no group is ever divided, no part is empty, and every row is held out once', () => {
  fc.assert(
    fc.property(groupedRows, seeds, fc.boolean(), ([labels, groups], seed, stratified) => {
      const folds = Math.min(4, new Set(groups).size)
      fc.pre(folds > 1)
      const held = new Set<number>()
      for (let fold = 0; fold < folds; fold++) {
        const parts = partition(kFold(folds, { seed, stratified }), labels, fold, groups)
        expect(shared(ofRows(parts.training, groups), ofRows(parts.heldOut, groups))).toEqual([])
        expect(parts.heldOut.length).toBeGreaterThan(0)
        for (const row of parts.heldOut) held.add(row)
      }
      expect(held.size).toBe(labels.length)
    }),
  )
})

test('a grouped holdout keeps whole groups back, about as many rows as it should', () => {
  fc.assert(
    fc.property(groupedRows, seeds, ([labels, groups], seed) => {
      const sizes = [...Map.groupBy(groups, (group) => group).values()].map((rows) => rows.length)
      fc.pre(sizes.length > 3)
      const split = {
        kind: 'holdout',
        fraction: 0.3,
        stratified: false,
        seed,
        grouped: true,
      } as const
      const { training, heldOut } = partition(split, labels, null, groups)
      expect(shared(ofRows(training, groups), ofRows(heldOut, groups))).toEqual([])
      expect(training.length).toBeGreaterThan(0)
      expect(heldOut.length).toBeGreaterThan(0)
      // Moving any one group could not bring it closer.
      expect(Math.abs(heldOut.length - 0.3 * labels.length)).toBeLessThanOrEqual(Math.max(...sizes))
    }),
  )
})

test.each(cases)(
  '$name: classes are balanced better than by scikit-learn, for every seed',
  (one) => {
    const [labels, groups] = rowsOf(one.labels, one.groups)
    for (let seed = 0; seed < 5; seed++)
      expect(
        imbalance(one, labels, foldOfRow(kFold(one.folds, { seed }), labels, groups)),
      ).toBeLessThanOrEqual(one.imbalance)
  },
)

test('another seed gives another split, the same one the same', () => {
  for (const { folds, labels: ofRow, groups: names } of cases) {
    const [labels, groups] = rowsOf(ofRow, names)
    const hashes = [1, 1, 2].map((seed) =>
      splitSha256(kFold(folds, { seed }), labels.slice(), groups),
    )
    expect(hashes[0]).toBe(hashes[1])
    expect(hashes[2]).not.toBe(hashes[0])
  }
})

test('what groups are called and which comes first does not matter to who is together', () => {
  const labels = Int32Array.from({ length: 60 }, (_, row) => row % 2)
  const groups = labels.map((_, row) => row % 12)
  const renamed = groups.map((group) => 1000 - group)
  expect(foldOfRow(kFold(3), labels.slice(), renamed)).toEqual(foldOfRow(kFold(3), labels, groups))
})

test('fewer groups than parts, and a grouped split without groups, are refused', () => {
  const labels = Int32Array.of(0, 1, 0, 1)
  expect(() => foldOfRow(kFold(3), labels, Int32Array.of(0, 0, 1, 1))).toThrow('2 groups')
  expect(() => foldOfRow(kFold(2), labels)).toThrow('needs the group of each')
})

test('groups change nothing where the split does not ask for them', () => {
  const labels = Int32Array.from({ length: 30 }, (_, row) => row % 3)
  const split: Split = { kind: 'k-fold', folds: 3, stratified: true, seed: 5 }
  expect(foldOfRow(split, labels, new Int32Array(30))).toEqual(foldOfRow(split, labels))
})

test('inner validation sets whole groups aside, and trains on no row of them, labelled or not', () => {
  fc.assert(
    fc.property(groupedRows, seeds, ([labels, groups], seed) => {
      const training = Uint32Array.from(labels.keys()).filter((row) => row % 4 !== 0)
      const usable = labels.map((label, row) => (row % 3 === 0 ? -1 : label))
      const labelled = training.filter((row) => (usable[row] as number) >= 0)
      fc.pre(ofRows(labelled, groups).size > 1)
      const parts = innerSplit(usable, training, 0.3, seed, groups)
      expect(parts.validation.length).toBeGreaterThan(0)
      expect(parts.validation.every((row) => (usable[row] as number) >= 0)).toBe(true)
      const aside = ofRows(parts.validation, groups)
      expect(shared(ofRows(parts.training, groups), aside)).toEqual([])
      expect(
        [...parts.training, ...parts.validation, ...parts.unused].sort((a, b) => a - b),
      ).toEqual([...training])
    }),
  )
})
