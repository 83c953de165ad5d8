/** The bias that is added to the logits. */
import { type Network, sameShape, weightName } from './network.ts'

/**
 * Name of the weight `[classes]` that is added to the logits last, so that raising one of its numbers raises that logit of
 * every row by as much. Null: the network ends otherwise.
 */
export function finalBias(network: Network): string | null {
  const last = network.layers.at(-1)
  if (last?.layer.type !== 'dense' || last.layer.activation !== 'linear') return null
  const bias = last.weights.find(({ name }) => name === 'bias')
  return bias && sameShape(bias.shape, last.outputShape) ? weightName(last.name, 'bias') : null
}
