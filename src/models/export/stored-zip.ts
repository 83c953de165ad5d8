/** Zips that are equal for equal content: no clock, no file modes of this machine. */
import { type PassThrough, Readable } from 'node:stream'
import { ZipFile } from 'yazl'
import type { Stream } from '../protobuf/message.ts'

interface ZipEntry {
  readonly name: string
  readonly content: Buffer | Stream
}

async function* zipped(entries: readonly ZipEntry[]): AsyncGenerator<Uint8Array> {
  // The zip format holds local time: made from local fields, it is the same number in every time zone. Not 1980, its
  // first year: yazl clamps to a limit that is in local time as well.
  const mtime = new Date(1981, 0, 1, 0, 0, 0)
  const options = { mtime, mode: 0o100644, compress: false, forceDosTimestamp: true }
  const zip = new ZipFile()
  const output = zip.outputStream as PassThrough
  for (const { name, content } of entries)
    if (Buffer.isBuffer(content)) zip.addBuffer(content, name, options)
    else {
      const { sizeBytes: size } = content
      zip.addReadStreamLazy(name, { ...options, size }, (open) => {
        const bytes = Readable.from(content.read())
        // yazl pipes, and a pipe does not pass errors on.
        bytes.on('error', (error) => output.destroy(error))
        open(null, bytes)
      })
    }
  zip.end()
  yield* output
}

/** Stored and not compressed: weights do not shrink. Nothing is read before the zip is. */
export const storedZip = (entries: readonly ZipEntry[]): Readable => Readable.from(zipped(entries))
