/** A TensorFlow.js layers model in a zip: model.json and its weight files. */
import {
  ARCHIVE_LIMITS,
  type Archive,
  type ArchiveLimits,
  openArchive,
  unsafeZip,
} from './archive.ts'
import { ModelError, quoted } from './model-error.ts'
import { type ModelSource, missingShard, parseModelJson, pickModelJson } from './model-source.ts'
import { recogniseZip } from './recognise-file.ts'

const NESTED = /\.(zip|tar|t?gz|bz2|xz|7z|rar|jar|keras|ptz?|pth)$/i

/** @throws ModelError when there is no model.json; the archive stays open */
export function layersModelSource(archive: Archive): ModelSource {
  const { names } = archive
  const known = recogniseZip(names)
  if (known !== undefined && !names.some((name) => /(^|\/)model\.json$/i.test(name)))
    throw new ModelError(
      'model-json-missing',
      `there is no model.json in the zip; it looks like ${known}`,
    )
  const nested = names.find((name) => NESTED.test(name))
  if (nested !== undefined)
    throw unsafeZip(
      `entry ${quoted(nested)} is an archive itself; put its files into the zip directly`,
    )
  const json = pickModelJson(names)
  const folder = json.slice(0, json.lastIndexOf('/') + 1)
  const beside = names
    .filter((name) => name !== json && name.startsWith(folder))
    .map((name) => name.slice(folder.length))
  return {
    modelJson: () => parseModelJson(archive.read(json)),
    sizeBytes: (path) => {
      const size = archive.sizeBytes(folder + path)
      if (size === undefined) throw missingShard(path, beside)
      return size
    },
    shard: (path) => {
      if (archive.sizeBytes(folder + path) === undefined) throw missingShard(path, beside)
      return archive.read(folder + path)
    },
    close: async () => archive.close(),
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
  const archive = await openArchive(path, limits)
  try {
    return layersModelSource(archive)
  } catch (error) {
    archive.close()
    throw error
  }
}
