/** Whether every operation that TensorFlow would be given is one that only computes. */

import { ModelError, quoted } from '../model-error.ts'
import { MAX_TENSOR_BYTES } from '../onnx/tensor.ts'
import { showDimensions } from '../rows-of-graph.ts'
import type { FunctionDef, MetaGraph, NodeDef } from './messages.ts'
import { COMPUTING, FORBIDDEN, RANDOM, RESTORING } from './operators.ts'
import { type Graph, nodeOf, type Reached } from './reach.ts'

const describe = ({ name, op }: NodeDef, inside?: FunctionDef): string =>
  `node ${quoted(name)} (${quoted(op).slice(1, -1)})${inside ? ` of function ${quoted(inside.name)}` : ''}`

const refused = (what: string, why: string): ModelError =>
  new ModelError(
    'saved-model-operation-refused',
    `${what} ${why}. Export the model for inference, with nothing but its layers: model.export(path) in Keras`,
  )

function* placed(
  nodes: Iterable<NodeDef>,
  functions: Iterable<FunctionDef>,
): Generator<readonly [NodeDef, FunctionDef | undefined]> {
  for (const node of nodes) yield [node, undefined]
  for (const one of functions) for (const node of one.nodes) yield [node, one]
}

/** @throws ModelError when an operation reaches out of the model, wherever it stands */
export function refuseForbidden({ nodes, functions }: MetaGraph): void {
  for (const [node, inside] of placed(nodes, functions)) {
    const found = FORBIDDEN.find(({ pattern }) => pattern.test(node.op))
    if (found) throw refused(describe(node, inside), found.why)
  }
}

function checkShapes(node: NodeDef, what: string): void {
  for (const { sides } of node.shapes) {
    // 8 bytes is what the largest number takes.
    const bytes = 8 * (sides ?? []).reduce<number>((product, side) => product * (side ?? 1), 1)
    if (!(bytes <= 2 * MAX_TENSOR_BYTES))
      throw new ModelError(
        'saved-model-tensor-too-large',
        `${what} has a tensor of the shape ${showDimensions(sides ?? [])}; at most ${MAX_TENSOR_BYTES} bytes are allowed`,
      )
  }
}

function whyNot(op: string): string {
  if (RANDOM.test(op))
    return 'draws random numbers, and a teacher must give the same numbers each time'
  if (RESTORING.has(op) && op !== 'RestoreV2')
    return 'changes a variable while it answers, as layers of augmentation do: leave them out of what you export'
  return 'is not on the list of operations that are run here'
}

/** @throws ModelError when an operation is none of those that compute */
export function checkComputing(reached: Reached, graph: Graph): void {
  for (const [node, inside] of placed(reached.nodes, reached.functions)) {
    const what = describe(node, inside)
    checkShapes(node, what)
    if (COMPUTING.has(node.op) || graph.function(node.op)) continue
    throw refused(what, whyNot(node.op))
  }
}

/**
 * A checkpoint is read from the path that TensorFlow feeds, never from one that the graph names.
 * @throws ModelError when reading the variables would do anything else than that
 */
export function checkRestoring(reached: Reached, graph: Graph, filenameNode: string): void {
  for (const [node, inside] of placed(reached.nodes, reached.functions)) {
    const what = describe(node, inside)
    checkShapes(node, what)
    if (!COMPUTING.has(node.op) && !RESTORING.has(node.op) && !graph.function(node.op))
      throw refused(what, 'is not among the operations that read variables')
    if (node.op !== 'RestoreV2') continue
    const path = nodeOf(node.inputs[0] ?? '')
    const fed = inside ? isFed(inside, path, reached, filenameNode) : path === filenameNode
    if (!fed) throw refused(what, 'reads a file that the graph names itself')
  }
}

/** Whether every call of the function hands on the path that is fed. */
function isFed(
  one: FunctionDef,
  argument: string,
  reached: Reached,
  filenameNode: string,
): boolean {
  const place = one.arguments.indexOf(argument)
  if (place < 0) return false
  for (const [node, inside] of placed(reached.nodes, reached.functions)) {
    if (node.op !== one.name && !node.functions.includes(one.name)) continue
    if (inside || nodeOf(node.inputs[place] ?? '') !== filenameNode) return false
  }
  return true
}
