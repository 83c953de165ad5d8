import type { WeightShape } from '../../../src/domain/network.ts'
import type { tf } from '../tensorflow.ts'

/** Gives a weight of the layer at hand. */
export type LayerWeights = (name: WeightShape['name']) => tf.Tensor
