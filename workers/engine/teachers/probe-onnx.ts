/** An ONNX model on rows of zeros: whether it runs, and which shapes it has inside. */
import type { ForeignGraph } from '../../../src/domain/foreign-graph.ts'
import type { Tap } from '../../../src/domain/tap.ts'
import { openOnnxSession } from './onnx-session.ts'
import { checkProbed, zeroRows } from './probe-rows.ts'

/**
 * @returns the taps that are float32 and have the rows as their first axis, with their shapes
 * @throws InputError when onnxruntime does not take the model, or its logits have another shape than promised
 */
export async function probeOnnx(path: string, graph: ForeignGraph): Promise<readonly Tap[]> {
  const { input, output, taps } = graph
  const { rows, values } = zeroRows(graph)
  const names = [...new Set([output, ...taps.map(({ name }) => name)])]
  await using session = await openOnnxSession(path, input, names, 1)
  const found = await session.shapes(values, rows)
  checkProbed(graph, rows, found.get(output) ?? [])
  return taps.flatMap(({ name }) => {
    const [first, ...shape] = found.get(name) ?? []
    return first === rows ? [{ name, shape }] : []
  })
}
