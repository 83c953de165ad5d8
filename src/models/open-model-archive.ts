/** A zip with model.json and its weight files, read where it lies on disk. */
import { crc32 } from 'node:zlib'
import { type Entry, getFileNameLowLevel, openPromise, validateFileName, type ZipFile } from 'yauzl'
import { MAX_PARAMETERS } from '../domain/infer-network.ts'
import { ModelError, quoted } from './model-error.ts'
import { type ModelSource, missingShard, parseModelJson, pickModelJson } from './model-source.ts'
import { recogniseZip, unreadableFile } from './recognise-file.ts'

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

const NESTED = /\.(zip|tar|t?gz|bz2|xz|7z|rar|jar|keras|ptz?|pth)$/i
const SYMLINK = 0o120000

const unsafe = (message: string): ModelError =>
  new ModelError('zip-not-safe', `the zip is refused: ${message}`)

/** What macOS and Windows put into every folder. */
const isJunk = (name: string): boolean =>
  /(^|\/)(__MACOSX\/|\._|\.DS_Store$|Thumbs\.db$|desktop\.ini$)/.test(name)

function checkEntry(entry: Entry, name: string, limits: ArchiveLimits): void {
  // validateFileName knows drive letters, leading slashes and `..`; backslashes have become slashes before.
  if (validateFileName(name) !== null || name.includes('\0'))
    throw unsafe(`entry ${quoted(name)} has an absolute path or one that leaves the zip`)
  if (((entry.externalFileAttributes >>> 16) & 0o170000) === SYMLINK)
    throw unsafe(`entry ${quoted(name)} is a symbolic link; put the file itself into the zip`)
  if (entry.isEncrypted())
    throw unsafe(`entry ${quoted(name)} is encrypted; make it without password`)
  if (!entry.canDecodeFileData())
    throw unsafe(
      `entry ${quoted(name)} uses compression method ${entry.compressionMethod}; accepted are stored and deflate`,
    )
  if (
    entry.uncompressedSize > limits.ratioFromBytes &&
    entry.uncompressedSize > limits.maxRatio * entry.compressedSize
  )
    throw unsafe(
      `entry ${quoted(name)} inflates from ${entry.compressedSize} to ${entry.uncompressedSize} bytes, more than ${limits.maxRatio} times`,
    )
}

async function readEntries(zip: ZipFile, limits: ArchiveLimits): Promise<Map<string, Entry>> {
  if (zip.entryCount > limits.maxEntries)
    throw unsafe(`it has ${zip.entryCount} entries, at most ${limits.maxEntries} are allowed`)
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
      throw unsafe(
        `its entries inflate to more than ${Math.min(limits.maxInflatedBytes, limits.maxRatio * zip.fileSize)} bytes`,
      )
    if (name.endsWith('/') || isJunk(name)) continue
    if (entries.has(name)) throw unsafe(`two entries are called ${quoted(name)}`)
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

function modelSource(zip: ZipFile, entries: ReadonlyMap<string, Entry>): ModelSource {
  const names = [...entries.keys()]
  const known = recogniseZip(names)
  if (known !== undefined && !names.some((name) => /(^|\/)model\.json$/i.test(name)))
    throw new ModelError(
      'model-json-missing',
      `there is no model.json in the zip; it looks like ${known}`,
    )
  const nested = names.find((name) => NESTED.test(name))
  if (nested !== undefined)
    throw unsafe(
      `entry ${quoted(nested)} is an archive itself; put its files into the zip directly`,
    )
  const json = pickModelJson(names)
  const folder = json.slice(0, json.lastIndexOf('/') + 1)
  const beside = names
    .filter((name) => name !== json && name.startsWith(folder))
    .map((name) => name.slice(folder.length))
  const find = (path: string): Entry => {
    const entry = entries.get(folder + path)
    if (entry === undefined) throw missingShard(path, beside)
    return entry
  }
  return {
    modelJson: () => parseModelJson(readEntry(zip, find(json.slice(folder.length)), json)),
    sizeBytes: (path) => find(path).uncompressedSize,
    shard: (path) => readEntry(zip, find(path), folder + path),
    close: async () => zip.close(),
  }
}

/**
 * @param path of the zip on disk; it must stay there until the source is closed
 * @throws ModelError when it is not a zip, not a safe one, or has no model.json
 */
export async function openModelArchive(
  path: string,
  limits: ArchiveLimits = ARCHIVE_LIMITS,
): Promise<ModelSource> {
  const zip = await openZip(path)
  // What goes wrong while reading is thrown where it is read; without a listener the event would end the process.
  zip.on('error', () => {})
  try {
    return modelSource(zip, await readEntries(zip, limits))
  } catch (error) {
    zip.close()
    if (error instanceof ModelError) throw error
    throw await unreadableFile(path, error)
  }
}
