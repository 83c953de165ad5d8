/** What a file that is not what it should be looks like, and what to do with it. */
import { open } from 'node:fs/promises'
import { ModelError } from './model-error.ts'

const CONVERT =
  'convert it with tensorflowjs_converter --output_format=tfjs_layers_model and send the resulting folder as a zip'
const FROM_PYTORCH =
  'build the same layers in Keras or TensorFlow.js, copy the weights, and save that'

interface Signature {
  readonly what: string
  readonly advice: string
  readonly matches: (head: Buffer) => boolean
}

const starts = (bytes: string) => {
  const magic = Buffer.from(bytes, 'latin1')
  return (head: Buffer) => head.subarray(0, magic.length).equals(magic)
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
    matches: starts('PK'),
  },
  {
    what: 'a gzip or .tar.gz file',
    advice: 'send a zip, or the files themselves',
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
    advice: `a pickle is a program and is never opened here; ${FROM_PYTORCH}`,
    matches: (head) => head[0] === 0x80 && (head[1] ?? 0) >= 1 && (head[1] ?? 0) <= 5,
  },
  {
    what: 'a NumPy array (.npy)',
    advice: 'send a model with its layers',
    matches: starts('\x93NUMPY'),
  },
  {
    what: 'a TensorFlow Lite model',
    advice: `it cannot be trained or read back; take the Keras model it was made from and ${CONVERT}`,
    matches: (head) => head.subarray(4, 8).toString('latin1') === 'TFL3',
  },
  {
    what: 'a safetensors file, which has weights but no layers',
    advice: 'send a model with its layers',
    matches: (head) =>
      head.length > 8 && head[8] === 0x7b && head.subarray(4, 8).equals(Buffer.alloc(4)),
  },
  {
    what: 'JSON alone',
    advice:
      'the weight files are needed too: send model.json and its weight files together, as a zip or as a multipart request',
    matches: (head) => /^(\ufeff)?\s*[{[]/.test(head.toString('utf8')),
  },
  {
    // ModelProto begins with field 1 (ir_version), a small number, then another field.
    what: 'an ONNX model',
    advice: `ONNX is not read; ${FROM_PYTORCH}`,
    matches: (head) =>
      head[0] === 0x08 && (head[1] ?? 0) >= 1 && (head[1] ?? 0) <= 32 && (head[2] ?? 0) >= 0x10,
  },
  {
    what: 'an HTML or XML page',
    advice: 'the download before this upload has probably failed: look into the file',
    matches: (head) => /^\s*<(!doctype|html|\?xml)/i.test(head.toString('latin1')),
  },
]

/** The error for a file on disk that cannot be opened as a model. */
export async function unreadableFile(path: string, cause?: unknown): Promise<ModelError> {
  const file = await open(path)
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(512), 0, 512, 0)
    const head = buffer.subarray(0, bytesRead)
    const known = SIGNATURES.find((signature) => signature.matches(head))
    return new ModelError(
      'model-not-a-zip',
      known
        ? `the model should be a zip with model.json and its weight files, but the file is ${known.what}: ${known.advice}`
        : 'the model should be a zip with model.json and its weight files, but the file is neither a zip nor any model format known here',
      { cause },
    )
  } finally {
    await file.close()
  }
}

/** What a readable zip without model.json is, by the names in it; undefined when it is nothing known. */
export function recogniseZip(names: readonly string[]): string | undefined {
  const has = (pattern: RegExp) => names.some((name) => pattern.test(name))
  if (has(/(^|\/)model\.weights\.h5$/))
    return `a Keras 3 file (.keras): ${CONVERT} (--input_format=keras_keras)`
  if (has(/(^|\/)data\.pkl$/))
    return `a PyTorch file (.pt or .pth), which holds a pickle, and a pickle is a program and is never opened here: ${FROM_PYTORCH}`
  if (has(/(^|\/)saved_model\.pb$/))
    return `a TensorFlow SavedModel, which has operations instead of layers: take the Keras model it was made from and ${CONVERT}`
  if (has(/\.(h5|hdf5)$/i)) return `a zip around an HDF5 file: ${CONVERT}`
  if (has(/\.onnx$/i)) return `a zip around an ONNX model: ${FROM_PYTORCH}`
  if (names.length > 0 && names.every((name) => name.endsWith('.npy')))
    return 'NumPy arrays (.npz): send a model with its layers'
  return undefined
}
