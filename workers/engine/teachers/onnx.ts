/** An ONNX model, run by onnxruntime. */
import type { TeacherFiles } from '../../trainer-contract.ts'
import { type Rows, readDataset } from '../datasets.ts'
import { fromNormalization } from '../normalization.ts'
import type { OpenTeacher, TeacherSurroundings } from './contract.ts'
import { checkRows, runRows, type Values } from './graph-rows.ts'
import { openOnnxSession } from './onnx-session.ts'

type OnnxFiles = Extract<TeacherFiles, { kind: 'onnx' }>

/**
 * Logits of every row, and what tensors inside the model are for it.
 * @param taps names of float32 tensors of the model
 * @throws InputError when onnxruntime does not run it, or a tensor is not one of float32 by row; the reason of the signal
 * when aborted
 */
export async function predictOnnx(
  { graph, normalization, modelPath }: Omit<OnnxFiles, 'kind'>,
  data: Rows,
  taps: readonly string[],
  threads: number,
  signal: AbortSignal,
): Promise<{ readonly logits: Float32Array; readonly taps: ReadonlyMap<string, Values> }> {
  const wanted = [...new Set([graph.output, ...taps])]
  await using session = await openOnnxSession(modelPath, graph.input, wanted, threads)
  const fitted = normalization && fromNormalization(normalization)
  const results = await runRows(graph, data, fitted, wanted, session.run, signal)
  const read = new Map<string, Values>()
  for (const [index, name] of wanted.entries()) {
    const found = results[index]
    if (found && taps.includes(name)) read.set(name, found)
  }
  return { logits: results[0]?.values ?? new Float32Array(0), taps: read }
}

export function openOnnx(teacher: OnnxFiles, { threads }: TeacherSurroundings): OpenTeacher {
  return {
    async logits(_part, rows, signal) {
      checkRows(teacher.graph, rows)
      const data = await readDataset(rows)
      return (await predictOnnx(teacher, data, [], threads, signal)).logits
    },
    async [Symbol.asyncDispose]() {},
  }
}
