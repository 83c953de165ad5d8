/** The only module that loads onnxruntime. */
import { open } from 'node:fs/promises'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { readOnnxFile } from '../../../src/models/onnx/onnx-file.ts'
import { InputError } from '../input-error.ts'
import type { RunBatch } from './graph-rows.ts'

/** Fields of ModelProto, GraphProto and ValueInfoProto. */
const GRAPH = 7
const OUTPUT = 12
const NAME = 1

/**
 * Protocol buffers merge a message that comes twice, so a second graph with outputs alone adds them to the first.
 * onnxruntime finds out their types by itself.
 */
function moreOutputs(names: readonly string[]): Uint8Array {
  const writer = new BinaryWriter()
  if (names.length === 0) return writer.finish()
  writer.tag(GRAPH, WireType.LengthDelimited).fork()
  for (const name of names)
    writer
      .tag(OUTPUT, WireType.LengthDelimited)
      .fork()
      .tag(NAME, WireType.LengthDelimited)
      .string(name)
      .join()
  return writer.join().finish()
}

async function readWith(path: string, tail: Uint8Array): Promise<Uint8Array> {
  await using file = await open(path)
  const { size } = await file.stat()
  const bytes = new Uint8Array(size + tail.length)
  for (let offset = 0; offset < size; ) {
    const { bytesRead } = await file.read(bytes, offset, size - offset, offset)
    if (bytesRead === 0) throw new Error(`${path} became shorter while it was read`)
    offset += bytesRead
  }
  bytes.set(tail, size)
  return bytes
}

const refused = (error: unknown): InputError =>
  new InputError(
    'onnx-refused',
    `onnxruntime does not run the model: ${(error instanceof Error ? error.message : String(error)).slice(0, 500)}`,
  )

export interface OnnxSession extends AsyncDisposable {
  readonly run: RunBatch
  /** Shapes, batch axis first, of those of the wanted tensors that are float32. */
  shapes(values: Float32Array, rows: number): Promise<ReadonlyMap<string, readonly number[]>>
}

/**
 * @param path of the file; it has been checked by `readOnnx` when it was uploaded
 * @param input name of the input and shape of a row of it
 * @param wanted names of tensors, outputs of the graph or values inside
 * @throws InputError when onnxruntime does not take the model
 */
export async function openOnnxSession(
  path: string,
  input: { readonly name: string; readonly shape: readonly number[] },
  wanted: readonly string[],
  threads: number,
): Promise<OnnxSession> {
  const { outputs } = await readOnnxFile(path)
  const known = new Set(outputs.map(({ name }) => name))
  const tail = moreOutputs(wanted.filter((name) => !known.has(name)))
  const session = await InferenceSession.create(await readWith(path, tail), {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 3,
  }).catch((error: unknown) => {
    throw refused(error)
  })
  const answer = (values: Float32Array, rows: number) => {
    const tensor = new Tensor('float32', values, [rows, ...input.shape])
    return session.run({ [input.name]: tensor }, [...wanted]).catch((error: unknown) => {
      throw refused(error)
    })
  }
  return {
    async run(values, rows) {
      const results = await answer(values, rows)
      return wanted.map((name) => {
        const result = results[name]
        if (!result || !(result.data instanceof Float32Array))
          throw new InputError('tap-not-float', `tensor ${name} of the model is not float32`)
        return { shape: result.dims, values: result.data }
      })
    },
    async shapes(values, rows) {
      const found = new Map<string, readonly number[]>()
      for (const [name, { type, dims }] of Object.entries(await answer(values, rows)))
        if (type === 'float32') found.set(name, dims)
      return found
    },
    [Symbol.asyncDispose]: () => session.release(),
  }
}
