/** What an upload of a teacher is, by the names and first bytes of its files. */
import { openArchive } from './archive.ts'
import { listed, ModelError } from './model-error.ts'
import { isNpy, isOnnx, isSafetensors, isZip, readHead, unreadableFile } from './recognise-file.ts'

/** Name that the client gave, to path on disk; a raw body has the name `body`. */
export type UploadFiles = ReadonlyMap<string, string>

export type RecognisedUpload =
  | { readonly kind: 'layers-model'; readonly files: UploadFiles; readonly isZip: boolean }
  | {
      readonly kind: 'safetensors'
      readonly weightsPath: string
      /** Null: there is none beside the weights. */
      readonly architecturePath: string | null
    }
  | { readonly kind: 'outputs'; readonly files: UploadFiles; readonly isNpz: boolean }
  | { readonly kind: 'onnx' | 'saved-model'; readonly path: string }
export type UploadKind = RecognisedUpload['kind']

async function recogniseZipFile(path: string): Promise<'layers-model' | 'outputs' | 'saved-model'> {
  const archive = await openArchive(path)
  archive.close()
  const { names } = archive
  if (names.some((name) => /(^|\/)saved_model\.pb$/.test(name))) return 'saved-model'
  return names.length > 0 && names.every((name) => /\.npy$/i.test(name))
    ? 'outputs'
    : 'layers-model'
}

async function recogniseOne(files: UploadFiles, path: string): Promise<RecognisedUpload> {
  const head = await readHead(path)
  if (isSafetensors(head)) return { kind: 'safetensors', weightsPath: path, architecturePath: null }
  if (isNpy(head)) return { kind: 'outputs', files, isNpz: false }
  const [name = ''] = files.keys()
  if (isOnnx(head) || /\.onnx$/i.test(name)) return { kind: 'onnx', path }
  if (!isZip(head)) throw await unreadableFile(path)
  switch (await recogniseZipFile(path)) {
    case 'outputs':
      return { kind: 'outputs', files, isNpz: true }
    case 'layers-model':
      return { kind: 'layers-model', files, isZip: true }
    case 'saved-model':
      return { kind: 'saved-model', path }
  }
}

function pairOfSafetensors(files: UploadFiles): RecognisedUpload {
  const find = (suffix: RegExp) => [...files].filter(([name]) => suffix.test(name))
  const [weights, ...moreWeights] = find(/\.safetensors$/i)
  const [architecture, ...moreJson] = find(/\.json$/i)
  if (!weights || moreWeights.length > 0 || moreJson.length > 0 || files.size > 2)
    throw new ModelError(
      'upload-ambiguous',
      `send one .safetensors file and one architecture.json; the form has ${listed([...files.keys()])}`,
    )
  return {
    kind: 'safetensors',
    weightsPath: weights[1],
    architecturePath: architecture?.[1] ?? null,
  }
}

/** @throws ModelError when it is nothing that can be a teacher, with what to do about it */
export async function recogniseUpload(files: UploadFiles): Promise<RecognisedUpload> {
  const names = [...files.keys()]
  const [only] = files.values()
  if (only !== undefined && files.size === 1 && !names[0]?.toLowerCase().endsWith('.json'))
    return recogniseOne(files, only)
  const onnx = names.filter((name) => /\.onnx$/i.test(name))
  // What lies beside it is the data that it should have inside, as its reader says.
  if (onnx.length === 1) return { kind: 'onnx', path: files.get(onnx[0] ?? '') ?? '' }
  if (names.some((name) => /\.safetensors$/i.test(name))) return pairOfSafetensors(files)
  if (names.every((name) => /\.npy$/i.test(name))) return { kind: 'outputs', files, isNpz: false }
  return { kind: 'layers-model', files, isZip: false }
}
