/** A SavedModel on rows of zeros: whether it runs. */
import { tmpdir } from 'node:os'
import type { ForeignGraph, SavedModelPart } from '../../../src/domain/foreign-graph.ts'
import type { Tap } from '../../../src/domain/tap.ts'
import { checkProbed, zeroRows } from './probe-rows.ts'
import { openSavedModelSession } from './saved-model.ts'

/** @throws InputError when TensorFlow does not take the model, or its logits have another shape than promised */
export async function probeSavedModel(
  modelPath: string,
  graph: ForeignGraph,
  part: SavedModelPart,
): Promise<readonly Tap[]> {
  const { rows, values } = zeroRows(graph)
  await using session = await openSavedModelSession({ modelPath, graph, part }, tmpdir())
  const [logits] = await session.run(values, rows)
  checkProbed(graph, rows, logits?.shape ?? [])
  return graph.taps
}
