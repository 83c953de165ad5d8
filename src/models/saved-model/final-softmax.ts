/** The softmax at the end of a graph, through the functions that wrap it. */
import type { FunctionDef, NodeDef } from './messages.ts'
import { type Graph, nodeOf } from './reach.ts'

const MAX_DEPTH = 1000

/** Where the value of a node's output comes from: index of the output. */
const outputIndex = (input: string): number => Number(input.split(':').at(-1)) || 0

const called = (node: NodeDef, graph: Graph): FunctionDef | undefined => {
  for (const name of [node.op, ...node.functions]) {
    const found = graph.function(name)
    if (found) return found
  }
  return undefined
}

/**
 * @param tensor `node:output` of the graph
 * @returns the node, which stands in the graph or in one of its functions; undefined when the graph ends in something else
 */
export function finalSoftmax(tensor: string, graph: Graph): NodeDef | undefined {
  let inside: FunctionDef | undefined
  let input = tensor
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const name = nodeOf(input)
    const node = inside ? inside.nodes.find((one) => one.name === name) : graph.node(name)
    if (!node || node.op === 'Softmax') return node
    const callee = called(node, graph)
    if (callee) {
      inside = callee
      input = callee.returns.get(callee.outputs[outputIndex(input)] ?? '') ?? ''
    } else if (node.op === 'Identity') {
      const [from = ''] = node.inputs
      // A function's arguments come from its caller, and nothing but a softmax in there is looked for.
      if (inside?.arguments.includes(nodeOf(from))) return undefined
      input = from
    } else return undefined
  }
  return undefined
}
