/** Where an uploaded layers model is read from: a zip, or single files. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { listed, ModelError, quoted } from './model-error.ts'
import { unreadableFile } from './recognise-file.ts'

const MAX_MODEL_JSON_BYTES = 8 * 1024 * 1024

/** To be closed by whoever opened it. */
export interface ModelSource {
  /** The parsed model.json. */
  modelJson(): Promise<unknown>
  /** Of one weight file, whose path is relative to the folder of model.json. Throws ModelError when it is missing. */
  sizeBytes(path: string): number
  /** Bytes of one weight file; can be read more than once. Throws ModelError when it is missing or damaged. */
  shard(path: string): AsyncIterable<Uint8Array>
  close(): Promise<void>
}

/** Parses model.json, or another file of JSON, while it stays below its limit. */
export async function parseModelJson(
  bytes: AsyncIterable<Uint8Array>,
  name = 'model.json',
): Promise<unknown> {
  const chunks: Uint8Array[] = []
  let total = 0
  for await (const chunk of bytes) {
    total += chunk.length
    if (total > MAX_MODEL_JSON_BYTES)
      throw new ModelError(
        'model-json-too-large',
        `${name} has more than ${MAX_MODEL_JSON_BYTES} bytes; weights belong into their own files, not into the JSON`,
      )
    chunks.push(chunk)
  }
  try {
    // TextDecoder drops a byte order mark and refuses what is not UTF-8.
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)))
  } catch (cause) {
    const why = cause instanceof SyntaxError ? cause.message.slice(0, 120) : 'not UTF-8 text'
    throw new ModelError('model-json-not-valid', `${name} is not JSON: ${why}`, { cause })
  }
}

/** `model.json`, or the only file that ends in .json: TensorFlow.js names it after the model when it saves to disk. */
export function pickModelJson(names: readonly string[]): string {
  const exact = names.filter((name) => name.split('/').at(-1)?.toLowerCase() === 'model.json')
  const json = names.filter((name) => name.toLowerCase().endsWith('.json'))
  const found = exact.length > 0 ? exact : json
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  if (only === undefined)
    throw new ModelError(
      'model-json-missing',
      `there is no model.json among the files (${listed(names)}); send the model.json and the weight files that model.save() or tensorflowjs_converter wrote`,
    )
  throw new ModelError(
    'model-json-ambiguous',
    `which file is the model? ${listed(found)}; send one model.json with its weight files`,
  )
}

export const missingShard = (path: string, names: readonly string[]): ModelError =>
  new ModelError(
    'weight-file-missing',
    `model.json names the weight file ${quoted(path)}, which was not sent; beside model.json are ${listed(names)}`,
  )

/**
 * A model as single files, for example the parts of a multipart request.
 *
 * @param files name that the client gave, to path on disk; the files must stay there until the source is closed
 * @throws ModelError when none of them, or more than one, can be model.json
 */
export async function openModelFiles(files: ReadonlyMap<string, string>): Promise<ModelSource> {
  const found = new Map<string, { path: string; sizeBytes: number }>()
  for (const [name, path] of files)
    found.set(name.replace(/^(\.\/)+/, ''), { path, sizeBytes: (await stat(path)).size })
  const names = [...found.keys()]
  const [single] = files.values()
  if (single !== undefined && names.length === 1 && !names[0]?.toLowerCase().endsWith('.json'))
    throw await unreadableFile(single)
  const json = pickModelJson(names)
  const folder = json.slice(0, json.lastIndexOf('/') + 1)
  const find = (path: string) => {
    const file = found.get(folder + path)
    if (file !== undefined) return file
    throw missingShard(
      path,
      names.filter((name) => name !== json),
    )
  }
  return {
    modelJson: () => parseModelJson(createReadStream(find(json.slice(folder.length)).path)),
    sizeBytes: (path) => find(path).sizeBytes,
    shard: (path) => createReadStream(find(path).path),
    close: async () => {},
  }
}
