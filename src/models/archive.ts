/**
 * A zip that nobody has checked, read where it lies on disk: nothing is unpacked to a path, entries are bounded in number,
 * size and ratio, and each is a stream. What a damaged one can do is throw, so it is read in the process of the API.
 */
import { crc32 } from 'node:zlib'
import { type Entry, getFileNameLowLevel, openPromise, validateFileName, type ZipFile } from 'yauzl'
import { MAX_PARAMETERS } from '../domain/infer-network.ts'
import { ModelError, quoted } from './model-error.ts'
import { unreadableFile } from './recognise-file.ts'

export interface ArchiveLimits {
  readonly maxEntries: number
  /** Of all entries together. */
  readonly maxInflatedBytes: number
  /** Inflated to compressed; applies above `ratioFromBytes`. */
  readonly maxRatio: number
  readonly ratioFromBytes: number
}

const MiB = 1024 * 1024

export const ARCHIVE_LIMITS: ArchiveLimits = {
  maxEntries: 1000,
  // The largest network in float32, and room for the JSON and for what is left out.
  maxInflatedBytes: 4 * MAX_PARAMETERS + 64 * MiB,
  maxRatio: 100,
  ratioFromBytes: 4 * MiB,
}

const SYMLINK = 0o120000

export const unsafeZip = (message: string): ModelError =>
  new ModelError('zip-not-safe', `the zip is refused: ${message}`)

/** What macOS and Windows put into every folder. */
const isJunk = (name: string): boolean =>
  /(^|\/)(__MACOSX\/|\._|\.DS_Store$|Thumbs\.db$|desktop\.ini$)/.test(name)

function checkEntry(entry: Entry, name: string, limits: ArchiveLimits): void {
  // validateFileName knows drive letters, leading slashes and `..`; backslashes have become slashes before.
  if (validateFileName(name) !== null || name.includes('\0'))
    throw unsafeZip(`entry ${quoted(name)} has an absolute path or one that leaves the zip`)
  if (((entry.externalFileAttributes >>> 16) & 0o170000) === SYMLINK)
    throw unsafeZip(`entry ${quoted(name)} is a symbolic link; put the file itself into the zip`)
  if (entry.isEncrypted())
    throw unsafeZip(`entry ${quoted(name)} is encrypted; make it without password`)
  if (!entry.canDecodeFileData())
    throw unsafeZip(
      `entry ${quoted(name)} uses compression method ${entry.compressionMethod}; accepted are stored and deflate`,
    )
  if (
    entry.uncompressedSize > limits.ratioFromBytes &&
    entry.uncompressedSize > limits.maxRatio * entry.compressedSize
  )
    throw unsafeZip(
      `entry ${quoted(name)} inflates from ${entry.compressedSize} to ${entry.uncompressedSize} bytes, more than ${limits.maxRatio} times`,
    )
}

async function readEntries(zip: ZipFile, limits: ArchiveLimits): Promise<Map<string, Entry>> {
  if (zip.entryCount > limits.maxEntries)
    throw unsafeZip(`it has ${zip.entryCount} entries, at most ${limits.maxEntries} are allowed`)
  const entries = new Map<string, Entry>()
  let inflatedBytes = 0
  for await (const entry of zip.eachEntry()) {
    const name = getFileNameLowLevel(
      entry.generalPurposeBitFlag,
      entry.fileNameRaw,
      entry.extraFields,
      false,
    ).replace(/^(\.\/)+/, '')
    checkEntry(entry, name, limits)
    inflatedBytes += entry.uncompressedSize
    // Entries may overlap in the file, so that each is within its ratio and all together are not.
    if (
      inflatedBytes > limits.maxInflatedBytes ||
      (inflatedBytes > limits.ratioFromBytes && inflatedBytes > limits.maxRatio * zip.fileSize)
    )
      throw unsafeZip(
        `its entries inflate to more than ${Math.min(limits.maxInflatedBytes, limits.maxRatio * zip.fileSize)} bytes`,
      )
    if (name.endsWith('/') || isJunk(name)) continue
    if (entries.has(name)) throw unsafeZip(`two entries are called ${quoted(name)}`)
    entries.set(name, entry)
  }
  return entries
}

async function* readEntry(zip: ZipFile, entry: Entry, name: string): AsyncGenerator<Uint8Array> {
  let checksum = 0
  try {
    // yauzl ends the stream with an error when it is longer or shorter than the directory says.
    for await (const chunk of await zip.openReadStreamPromise(entry)) {
      checksum = crc32(chunk, checksum)
      yield chunk
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.slice(0, 120) : 'unreadable'
    throw new ModelError(
      'zip-damaged',
      `entry ${quoted(name)} of the zip is damaged (${why}); make the zip again and send the whole file`,
      { cause },
    )
  }
  if (checksum !== entry.crc32)
    throw new ModelError(
      'zip-damaged',
      `entry ${quoted(name)} of the zip is damaged (its checksum is wrong); make the zip again and send the whole file`,
    )
}

async function openZip(path: string): Promise<ZipFile> {
  try {
    return await openPromise(path, { lazyEntries: true, autoClose: false, decodeStrings: false })
  } catch (cause) {
    throw await unreadableFile(path, cause)
  }
}

/** To be closed by whoever opened it. */
export interface Archive {
  /** Of its files; folders and what systems add are left out. */
  readonly names: readonly string[]
  /** Of a file when inflated; undefined when there is none of that name. */
  sizeBytes(name: string): number | undefined
  /** Throws ModelError when it is missing or damaged; can be read more than once. */
  read(name: string): AsyncIterable<Uint8Array>
  close(): void
}

/**
 * @param path of the zip on disk; it must stay there until the archive is closed
 * @throws ModelError when it is not a zip or not a safe one
 */
export async function openArchive(
  path: string,
  limits: ArchiveLimits = ARCHIVE_LIMITS,
): Promise<Archive> {
  const zip = await openZip(path)
  // What goes wrong while reading is thrown where it is read; without a listener the event would end the process.
  zip.on('error', () => {})
  try {
    const entries = await readEntries(zip, limits)
    return {
      names: [...entries.keys()],
      sizeBytes: (name) => entries.get(name)?.uncompressedSize,
      read: (name) => {
        const entry = entries.get(name)
        if (!entry) throw new ModelError('zip-entry-missing', `the zip has no ${quoted(name)}`)
        return readEntry(zip, entry, name)
      },
      close: () => zip.close(),
    }
  } catch (error) {
    zip.close()
    if (error instanceof ModelError) throw error
    throw await unreadableFile(path, error)
  }
}
