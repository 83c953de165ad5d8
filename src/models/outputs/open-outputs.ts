/** Which arrays an upload of recorded outputs holds: one .npy, several, or an .npz. */
import { createReadStream } from 'node:fs'
import { openArchive } from '../archive.ts'
import { listed, ModelError } from '../model-error.ts'
import { OUTPUT_KINDS, type OutputKind } from './check-outputs.ts'

/** Name of the array for the test set. */
const TEST = 'test'

interface NamedArrays {
  /** Without `.npy`. */
  readonly names: readonly string[]
  read(name: string): AsyncIterable<Uint8Array>
  close(): void
}

export interface OutputsSource {
  readonly represents: OutputKind
  /** Name of the array, for messages. */
  readonly name: string
  main(): AsyncIterable<Uint8Array>
  /** Null: there is none. */
  readonly test: (() => AsyncIterable<Uint8Array>) | null
  close(): void
}

const isKind = (name: string): name is OutputKind =>
  (OUTPUT_KINDS as readonly string[]).includes(name)

const withoutSuffix = (name: string): string => name.replace(/\.npy$/i, '')

async function openNpz(path: string): Promise<NamedArrays> {
  const archive = await openArchive(path)
  const files = new Map(archive.names.map((name) => [withoutSuffix(name), name]))
  return {
    names: [...files.keys()],
    read: (name) => archive.read(files.get(name) ?? name),
    close: () => archive.close(),
  }
}

function openFiles(files: ReadonlyMap<string, string>): NamedArrays {
  const paths = new Map([...files].map(([name, path]) => [withoutSuffix(name), path]))
  return {
    names: [...paths.keys()],
    read: (name) => createReadStream(paths.get(name) ?? '', { highWaterMark: 1 << 18 }),
    close: () => {},
  }
}

/** The array that is not for the test set. */
function mainOf(names: readonly string[], represents: OutputKind | null): string {
  const [only, ...more] = names.filter((name) => name !== TEST)
  if (only === undefined || more.length > 0)
    throw new ModelError(
      'outputs-ambiguous',
      `there are the arrays ${listed(names)}: send one called logits or probabilities, and with a test set one called ${TEST}`,
    )
  if (isKind(only) && represents !== null && only !== represents)
    throw new ModelError(
      'outputs-ambiguous',
      `the array is called ${only}, but represents=${represents} was said`,
    )
  return only
}

/**
 * @param files      name that the client gave, to path on disk
 * @param isNpz      whether the one file is a zip of arrays
 * @param represents what the client said; null: nothing, so the name of the array must say it
 * @throws ModelError when it is not clear which array is what
 */
export async function openOutputs(
  files: ReadonlyMap<string, string>,
  isNpz: boolean,
  represents: OutputKind | null,
): Promise<OutputsSource> {
  const [first = ''] = files.values()
  const arrays = isNpz ? await openNpz(first) : openFiles(files)
  try {
    const name = mainOf(arrays.names, represents)
    const kind = represents ?? (isKind(name) ? name : null)
    if (kind === null)
      throw new ModelError(
        'outputs-kind-missing',
        'say with represents=logits or represents=probabilities what the numbers are, or call the array so',
      )
    return {
      represents: kind,
      name: name === '' ? 'the array' : name,
      main: () => arrays.read(name),
      test: arrays.names.includes(TEST) ? () => arrays.read(TEST) : null,
      close: arrays.close,
    }
  } catch (error) {
    arrays.close()
    throw error
  }
}
