/** The inference pass of a network as a graph, which TensorFlow simplifies as a whole, and which no op crosses into. */
import type { Network } from '../../../src/domain/network.ts'
import { apply } from '../forward.ts'
import { tf } from '../tensorflow.ts'
import type { NamedArray } from '../weights.ts'
import { embed } from './embed.ts'
import { dtypeNumber, Graph } from './graph.ts'
import { attr } from './messages.ts'
import { type Recording, record } from './record.ts'
import { openSession } from './session.ts'
import { declareVariables, initializeVariables, readOf } from './variables.ts'

const INITIALIZE = 'initialize'
const INPUTS = 'inputs'
const LOGITS = 'logits'

export interface CompiledForward extends Disposable {
  /**
   * @param features `[batchSize, ...input shape]`, normalized
   * @returns logits `[batchSize, classes]`
   */
  run(features: Float32Array): Float32Array
}

/** Inputs of the recording: the weights in network order, then the features. Its only output: the logits. */
function recordForward(
  network: Network,
  arrays: readonly NamedArray[],
  batchSize: number,
): Recording {
  const given = arrays.map(({ shape, values }) => tf.tensor(values, [...shape], 'float32'))
  const weights = Object.fromEntries(
    arrays.map(({ name }, index) => [name, given[index] as tf.Tensor]),
  )
  const inputs = tf.zeros([batchSize, ...network.inputShape])
  try {
    return record([...given, inputs], () => [
      apply(network, weights, inputs, { training: false }).logits,
    ])
  } finally {
    tf.dispose([given, inputs])
  }
}

/**
 * Loads the network with its weights, for batches of one size.
 * @throws CannotCompile when the network cannot be represented
 */
export function compiledForward(
  network: Network,
  arrays: readonly NamedArray[],
  batchSize: number,
): CompiledForward {
  const recording = recordForward(network, arrays, batchSize)
  const shape = [batchSize, ...network.inputShape]
  const variables = arrays.map(({ name, shape: of, values }) => ({
    name: `weights/${name}`,
    dtype: 'float32' as const,
    shape: of,
    values,
  }))
  const graph = new Graph()
  declareVariables(graph, INITIALIZE, variables)
  const features = graph.placeholder(INPUTS, 'float32', shape)
  const [logits] = embed(
    graph,
    recording,
    [...variables.map(({ name }) => readOf(name)), features],
    'forward',
    (id, value) => graph.constant(id, value),
  )
  const dtype = dtypeNumber('float32')
  graph.add(LOGITS, 'Identity', [logits as string], { T: attr.type(dtype) })
  const session = openSession(graph.toSavedModel())
  try {
    initializeVariables(session, INITIALIZE, variables)
  } catch (error) {
    session.close()
    throw error
  }
  return {
    run: (values) =>
      session.run([{ name: INPUTS, dtype, shape, values }], [LOGITS])[0] as Float32Array,
    [Symbol.dispose]: () => session.close(),
  }
}
