/** The operation that a graph ends in, through the functions that wrap it. */
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
 * @returns the node, which stands in the graph or in one of its functions; undefined where the value comes from a caller
 */
export function finalNode(tensor: string, graph: Graph): NodeDef | undefined {
  let inside: FunctionDef | undefined
  let input = tensor
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const name = nodeOf(input)
    const node = inside ? inside.nodes.find((one) => one.name === name) : graph.node(name)
    if (!node) return undefined
    const callee = called(node, graph)
    if (callee) {
      inside = callee
      input = callee.returns.get(callee.outputs[outputIndex(input)] ?? '') ?? ''
    } else if (node.op === 'Identity') {
      const [from = ''] = node.inputs
      if (inside?.arguments.includes(nodeOf(from))) return undefined
      input = from
    } else return node
  }
  return undefined
}
