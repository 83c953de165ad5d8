/** A function of tensors, recorded as a training step is, and run as a graph. */
import { embed } from '../../../../workers/engine/compile/embed.ts'
import { dtypeNumber, Graph } from '../../../../workers/engine/compile/graph.ts'
import { record } from '../../../../workers/engine/compile/record.ts'
import { requireSameProgram } from '../../../../workers/engine/compile/same-program.ts'
import { openSession } from '../../../../workers/engine/compile/session.ts'
import type { HostValues } from '../../../../workers/engine/native-backend.ts'
import type { tf } from '../../../../workers/engine/tensorflow.ts'

export type Program = (inputs: readonly tf.Tensor[]) => readonly tf.Tensor[]

const dtypeOf = ({ dtype }: tf.Tensor): 'float32' | 'int32' =>
  dtype === 'int32' ? 'int32' : 'float32'

/**
 * Recorded on `others`, which have the shapes of `inputs`, and on `inputs`; the first record is what runs.
 * @throws CannotCompile when the two recordings differ, or TensorFlow does not take the graph
 */
export function runAsGraph(
  program: Program,
  inputs: readonly tf.Tensor[],
  others: readonly tf.Tensor[],
): HostValues[] {
  const [first, second] = [others, inputs].map((given) => record(given, () => program(given)))
  if (!first || !second) throw new Error('nothing was recorded')
  requireSameProgram(first, second)
  const graph = new Graph()
  const names = inputs.map((input, index) =>
    graph.placeholder(`input-${index}`, dtypeOf(input), input.shape),
  )
  const outputs = embed(graph, first, names, 'body', (name, value) => graph.constant(name, value))
  const session = openSession(graph.toSavedModel())
  try {
    const feeds = inputs.map((input, index) => ({
      name: names[index] as string,
      dtype: dtypeNumber(dtypeOf(input)),
      shape: input.shape,
      values: input.dataSync() as HostValues,
    }))
    return session.run(feeds, outputs)
  } finally {
    session.close()
  }
}
