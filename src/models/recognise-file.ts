/** What a file that is not what it should be looks like, and what to do with it. */
import { open } from 'node:fs/promises'
import { ModelError } from './model-error.ts'

const CONVERT =
  'convert it with tensorflowjs_converter --output_format=tfjs_layers_model and send the resulting folder as a zip'
/** Five lines that PyTorch users run; examples/export_state_dict.py is the same as a program. */
const EXPORT_STATE_DICT = `import json, torch
from safetensors.torch import save_file
state = torch.load("model.pth", map_location="cpu", weights_only=True)
tensors = {name: tensor.clone().contiguous() for name, tensor in state.items()}
save_file(tensors, "weights.safetensors", metadata={"order": json.dumps(list(tensors))})`

const FROM_PYTORCH = `save its state_dict as safetensors and send that with an architecture.json and layout=pytorch, or export the model to ONNX. To save it, run where the model was made:\n${EXPORT_STATE_DICT}`
const PICKLE = 'a pickle is a program and is never opened here;'

interface Signature {
  readonly what: string
  readonly advice: string
  readonly matches: (head: Buffer) => boolean
}

const starts = (bytes: string) => {
  const magic = Buffer.from(bytes, 'latin1')
  return (head: Buffer) => head.subarray(0, magic.length).equals(magic)
}

const isPickle = (head: Buffer): boolean =>
  head[0] === 0x80 && (head[1] ?? 0) >= 1 && (head[1] ?? 0) <= 5

export const isZip = starts('PK')
export const isNpy = starts('\x93NUMPY')
/** 8 bytes of length, then a JSON object: a header of 4 GB is no header. */
export const isSafetensors = (head: Buffer): boolean =>
  head.length > 8 && head[8] === 0x7b && head.subarray(4, 8).equals(Buffer.alloc(4))

/** Begins with field 1 (ir_version), a small number above 1, and then another field. */
export const isOnnx = (head: Buffer): boolean =>
  head[0] === 0x08 && (head[1] ?? 0) >= 2 && (head[1] ?? 0) <= 32 && (head[2] ?? 0) >= 0x10

const HEAD_BYTES = 512

export async function readHead(path: string): Promise<Buffer> {
  await using file = await open(path)
  const { bytesRead, buffer } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
  return buffer.subarray(0, bytesRead)
}

const SIGNATURES: readonly Signature[] = [
  { what: 'empty', advice: 'send the file again', matches: (head) => head.length === 0 },
  {
    what: 'an HDF5 file (Keras .h5)',
    advice: CONVERT,
    matches: starts('\x89HDF\r\n\x1a\n'),
  },
  {
    what: 'a zip, but a damaged one',
    advice: 'make the zip again and send the whole file',
    matches: isZip,
  },
  {
    what: 'a gzip or .tar.gz file',
    advice: 'send the folder as a zip, or the files themselves',
    matches: starts('\x1f\x8b'),
  },
  { what: 'a 7z archive', advice: 'send a zip', matches: starts('7z\xbc\xaf\x27\x1c') },
  { what: 'a RAR archive', advice: 'send a zip', matches: starts('Rar!') },
  {
    what: 'a tar archive',
    advice: 'send a zip',
    matches: (head) => head.subarray(257, 262).toString('latin1') === 'ustar',
  },
  {
    what: 'a Python pickle (PyTorch .pt or .pth, joblib)',
    advice: `${PICKLE} ${FROM_PYTORCH}`,
    matches: isPickle,
  },
  {
    what: 'a TensorFlow Lite model',
    advice: `it cannot be trained or read back; take the Keras model it was made from and ${CONVERT}`,
    matches: (head) => head.subarray(4, 8).toString('latin1') === 'TFL3',
  },
  {
    what: 'JSON alone',
    advice:
      'the weight files are needed too: send model.json and its weight files together, as a zip or as a multipart request',
    matches: (head) => /^(\ufeff)?\s*[{[]/.test(head.toString('utf8')),
  },
  {
    // Its schema version, 1, and then the first graph.
    what: 'saved_model.pb alone',
    advice: 'send a zip of the whole folder, with the folder variables',
    matches: (head) => head[0] === 0x08 && head[1] === 1 && head[2] === 0x12,
  },
  {
    what: 'an HTML or XML page',
    advice: 'the download before this upload has probably failed: look into the file',
    matches: (head) => /^\s*<(!doctype|html|\?xml)/i.test(head.toString('latin1')),
  },
]

const ACCEPTED =
  'a zip of a TensorFlow.js layers model or a SavedModel, an ONNX file, a safetensors file with its architecture.json, or recorded outputs as .npy or .npz'

/** The error for a file on disk that cannot be opened as a model. */
export async function unreadableFile(path: string, cause?: unknown): Promise<ModelError> {
  const head = await readHead(path)
  const known = SIGNATURES.find((signature) => signature.matches(head))
  return new ModelError(
    'model-not-readable',
    known
      ? `the file is ${known.what}: ${known.advice}`
      : `the file is no model format that is known here; send ${ACCEPTED}`,
    { cause },
  )
}

/** What a readable zip without model.json is, by the names in it; undefined when it is nothing known. */
export function recogniseZip(names: readonly string[]): string | undefined {
  const has = (pattern: RegExp) => names.some((name) => pattern.test(name))
  if (has(/(^|\/)model\.weights\.h5$/))
    return `a Keras 3 file (.keras): ${CONVERT} (--input_format=keras_keras)`
  if (has(/(^|\/)data\.pkl$/))
    return `a PyTorch file (.pt or .pth), which holds a pickle: ${PICKLE} ${FROM_PYTORCH}`
  if (has(/\.(h5|hdf5)$/i)) return `a zip around an HDF5 file: ${CONVERT}`
  if (has(/\.onnx$/i)) return 'a zip around an ONNX model: send the .onnx file without a zip'
  if (has(/\.safetensors$/i))
    return 'a zip around a safetensors file: send the .safetensors file and architecture.json as a form, without a zip'
  return undefined
}
