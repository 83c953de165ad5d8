import { createHash, randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PostgresBlobStore } from '../../src/persistence/blob-store.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let db: TestDatabase
let blobs: PostgresBlobStore
beforeAll(async () => {
  db = await createTestDatabase()
  blobs = new PostgresBlobStore(db.database, db.bytes)
})
afterAll(() => db.drop())

const MIB = 1 << 20

async function store(bytes: Uint8Array, pieces: number): Promise<string> {
  const writer = await blobs.open()
  const size = Math.max(1, Math.ceil(bytes.length / pieces))
  for (let at = 0; at < bytes.length; at += size) await writer.write(bytes.subarray(at, at + size))
  return (await writer.finish()).sha256
}
async function read(sha256: string, range?: { start: number; end: number }): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of blobs.read(sha256, range)) parts.push(part)
  return Buffer.concat(parts)
}

test.each([0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB + 17])(
  '%i bytes come back as they went in, under their hash',
  async (size) => {
    const bytes = randomBytes(size)
    const sha256 = await store(bytes, 7)
    expect(sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
    expect(await blobs.find(sha256)).toEqual({ sha256, sizeBytes: size })
    expect((await read(sha256)).equals(bytes)).toBe(true)
  },
)

test('any range is what a slice of the whole would be', async () => {
  const bytes = randomBytes(2 * MIB + 100)
  const sha256 = await store(bytes, 3)
  for (const [start, end] of [
    [0, 1],
    [MIB - 1, MIB + 1],
    [MIB, 2 * MIB],
    [5, 2 * MIB + 100],
    [2 * MIB + 99, 2 * MIB + 100],
    [7, 7],
  ] as const)
    expect((await read(sha256, { start, end })).equals(bytes.subarray(start, end))).toBe(true)
})

test('equal bytes are kept once, also when written at the same time', async () => {
  const bytes = randomBytes(MIB + 5)
  const hashes = await Promise.all([store(bytes, 1), store(bytes, 2), store(bytes, 3)])
  expect(new Set(hashes).size).toBe(1)
  expect(await db.database.blob.count({ where: { sha256: hashes[0] ?? '' } })).toBe(1)
  expect(await db.database.blob.count({ where: { complete: false } })).toBe(0)
})

test('half a blob is never seen, and aborting leaves nothing', async () => {
  const bytes = randomBytes(MIB + 5)
  const writer = await blobs.open()
  await writer.write(bytes)
  expect(await blobs.find(createHash('sha256').update(bytes).digest('hex'))).toBeNull()
  await writer.abort()
  expect(await db.database.blobChunk.count({ where: { blob: { complete: false } } })).toBe(0)
})

test('the garbage collector takes what is old and unused, and nothing else', async () => {
  const used = await store(randomBytes(10), 1)
  const unused = await store(randomBytes(10), 1)
  const young = await store(randomBytes(10), 1)
  await db.database.dataset.create({
    data: {
      id: 'ds_gc',
      name: 'gc',
      source: 'csv',
      rows: 1,
      inputShape: [1],
      featureType: 'float32',
      classNames: ['a'],
      classCounts: [1],
      contentSha256: used,
      featuresSha256: used,
      labelsSha256: used,
      sizeBytes: 10,
      profile: {},
    },
  })
  await db.database
    .$executeRaw`UPDATE blobs SET created_at = now() - interval '2 hours' WHERE sha256 <> ${young}`
  await blobs.collectGarbage()
  expect(await blobs.find(used)).not.toBeNull()
  expect(await blobs.find(young)).not.toBeNull()
  expect(await blobs.find(unused)).toBeNull()
})
