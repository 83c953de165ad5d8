import { type Activation, DEFAULT_NEGATIVE_SLOPE } from '../../../domain/activation.ts'
import type { OnnxGraph } from './graph.ts'

/** @returns the name of what the activation makes of `input`; `input` itself for linear */
export function activate(
  graph: OnnxGraph,
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
    case 'relu6': {
      const bounds = [graph.floats(`${wish}/0`, [0], []), graph.floats(`${wish}/6`, [6], [])]
      return graph.node(wish, 'Clip', [input, ...bounds])
    }
    case 'leakyRelu':
      return graph.node(wish, 'LeakyRelu', [input], { alpha: { float: negativeSlope } })
    case 'elu':
      return graph.node(wish, 'Elu', [input], { alpha: { float: 1 } })
    case 'gelu': {
      // Not the operator Gelu, which came with opset 20; onnxruntime fuses these five into one.
      const scaled = graph.node(`${wish}/scaled`, 'Div', [
        input,
        graph.floats(`${wish}/root_2`, [Math.SQRT2], []),
      ])
      const erf = graph.node(`${wish}/erf`, 'Erf', [scaled])
      const above = graph.node(`${wish}/above`, 'Add', [erf, graph.floats(`${wish}/one`, [1], [])])
      const product = graph.node(`${wish}/product`, 'Mul', [input, above])
      return graph.node(wish, 'Mul', [product, graph.floats(`${wish}/half`, [0.5], [])])
    }
    case 'swish':
      return graph.node(wish, 'Mul', [input, graph.node(`${wish}/sigmoid`, 'Sigmoid', [input])])
    case 'tanh':
      return graph.node(wish, 'Tanh', [input])
    case 'sigmoid':
      return graph.node(wish, 'Sigmoid', [input])
  }
}
