/** Unpacks with a zip reader of its own. */
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import yauzl from 'yauzl'

/** @returns names in the order of the archive */
export async function unzip(zip: Buffer, folder: string): Promise<string[]> {
  const archive = await new Promise<yauzl.ZipFile>((resolve, reject) =>
    yauzl.fromBuffer(zip, { lazyEntries: false }, (error, opened) =>
      error ? reject(error) : resolve(opened),
    ),
  )
  mkdirSync(folder, { recursive: true })
  const names: string[] = []
  const entries: Promise<void>[] = []
  archive.on('entry', (entry: yauzl.Entry) => {
    names.push(entry.fileName)
    entries.push(
      new Promise<Readable>((resolve, reject) =>
        archive.openReadStream(entry, (error, stream) => (error ? reject(error) : resolve(stream))),
      ).then(async (stream) =>
        writeFileSync(path.join(folder, entry.fileName), await buffer(stream)),
      ),
    )
  })
  await new Promise((resolve, reject) => archive.on('end', resolve).on('error', reject))
  await Promise.all(entries)
  return names
}
