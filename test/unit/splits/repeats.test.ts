import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { repeatOf, type Split } from '../../../src/domain/evaluation.ts'
import { foldOfRow, partition, splitSha256 } from '../../../src/splits/split.ts'

const labels = Int32Array.from({ length: 40 }, (_, row) => row % 4)
const once: Split = { kind: 'k-fold', folds: 4, stratified: true, seed: 3 }
const thrice: Split = { ...once, repeats: 3 }

test('the first repeat is the split without repeats, and each later one another', () => {
  for (let fold = 0; fold < 4; fold++)
    expect(partition(thrice, labels, fold)).toEqual(partition(once, labels, fold))
  const heldOut = [0, 4, 8].map((fold) => partition(thrice, labels, fold).heldOut.join())
  expect(new Set(heldOut).size).toBe(3)
})

test('in every repeat each row is held out once, and folds are counted on', () => {
  for (let repeat = 0; repeat < 3; repeat++) {
    const rows = [0, 1, 2, 3].flatMap((fold) => [
      ...partition(thrice, labels, 4 * repeat + fold).heldOut,
    ])
    expect(rows.sort((a, b) => a - b)).toEqual([...labels.keys()])
    const folds = foldOfRow(thrice, labels, null, repeat)
    expect(new Set(folds)).toEqual(new Set([0, 1, 2, 3].map((fold) => 4 * repeat + fold)))
    expect([...folds].every((fold) => repeatOf(thrice, fold) === repeat)).toBe(true)
  }
  expect(() => partition(thrice, labels, 12)).toThrow('folds are 0 to 11')
})

test('the hash is over the repeats one after the other', () => {
  const folds = [0, 1, 2].flatMap((repeat) => [...foldOfRow(thrice, labels, null, repeat)])
  const bytes = new Uint8Array(Uint32Array.from(folds).buffer)
  expect(splitSha256(thrice, labels)).toBe(createHash('sha256').update(bytes).digest('hex'))
  expect(splitSha256({ ...once, repeats: 1 }, labels)).toBe(splitSha256(once, labels))
})
