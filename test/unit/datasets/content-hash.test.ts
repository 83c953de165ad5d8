import { expect, test } from 'vitest'
import { contentSha256 } from '../../../src/datasets/content-hash.ts'

const CONTENT = {
  inputShape: [2, 3],
  featureType: 'uint8',
  classNames: ['a', 'b'],
  featuresSha256: 'f',
  labelsSha256: 'l',
  groupsSha256: null,
} as const

test('every part of the content changes the hash, and nothing else does', () => {
  const changed = [
    { ...CONTENT, inputShape: [3, 2] },
    { ...CONTENT, featureType: 'float32' as const },
    { ...CONTENT, classNames: ['b', 'a'] },
    { ...CONTENT, classNames: ['a","b'] },
    { ...CONTENT, featuresSha256: 'l', labelsSha256: 'f' },
    { ...CONTENT, groupsSha256: 'g' },
  ]
  const hashes = [CONTENT, ...changed].map(contentSha256)
  expect(new Set(hashes).size).toBe(hashes.length)
  expect(contentSha256({ name: 'other', ...CONTENT } as typeof CONTENT)).toBe(hashes[0])
})

// printf '["dataset-1",[2,3],"uint8",["a","b"],"f","l"]' | sha256sum
test('the hash of a given content never changes between versions', () => {
  expect(contentSha256(CONTENT)).toBe(
    '051972cda27070d52b71fb1d19cdae1148198738de137f5e25962c824fee25ed',
  )
})
