import { type Activation, DEFAULT_NEGATIVE_SLOPE } from '../../../domain/activation.ts'
import { attr, FLOAT, type TensorFlowGraph } from './graph.ts'

/** @returns the name of what the activation makes of `input`; `input` itself for linear */
export function activate(
  graph: TensorFlowGraph,
  wish: string,
  activation: Activation,
  input: string,
  negativeSlope = DEFAULT_NEGATIVE_SLOPE,
): string {
  switch (activation) {
    case 'linear':
      return input
    case 'relu':
      return graph.node(wish, 'Relu', [input])
    case 'relu6':
      return graph.node(wish, 'Relu6', [input])
    case 'leakyRelu':
      return graph.node(wish, 'LeakyRelu', [input], { ...FLOAT, alpha: attr.float(negativeSlope) })
    case 'elu':
      return graph.node(wish, 'Elu', [input])
    case 'gelu': {
      const root = graph.floats(`${wish}/root_half`, [Math.SQRT1_2], [])
      const erf = graph.node(`${wish}/erf`, 'Erf', [
        graph.node(`${wish}/scaled`, 'Mul', [input, root]),
      ])
      const one = graph.floats(`${wish}/one`, [1], [])
      const half = graph.floats(`${wish}/half`, [0.5], [])
      const above = graph.node(`${wish}/above`, 'AddV2', [erf, one])
      const share = graph.node(`${wish}/share`, 'Mul', [above, half])
      return graph.node(wish, 'Mul', [input, share])
    }
    case 'swish':
      return graph.node(wish, 'Mul', [input, graph.node(`${wish}/sigmoid`, 'Sigmoid', [input])])
    case 'tanh':
      return graph.node(wish, 'Tanh', [input])
    case 'sigmoid':
      return graph.node(wish, 'Sigmoid', [input])
  }
}
