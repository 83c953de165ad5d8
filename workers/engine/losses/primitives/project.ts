/** Taps of different widths, made comparable by layers that are trained along and not delivered. */
import { addBias, matMul, relu } from '../../native-ops.ts'
import type { tf } from '../../tensorflow.ts'
import { reshapeLast } from './reshape-last.ts'

export interface ProjectorLayer {
  /** `[in, out]`. */
  readonly weight: tf.Tensor2D
  /** `[out]`. */
  readonly bias?: tf.Tensor1D
}
/** One layer is linear; between several there is a ReLU. None at all leaves the features as they are. */
export type Projector = readonly ProjectorLayer[]

/**
 * Applies the layers along the last axis: dense layers for `[batch, units]`, 1 × 1 convolutions for maps.
 * @returns shape of `features`, with as many channels as the last layer has
 */
export const project = (features: tf.Tensor, projector: Projector): tf.Tensor =>
  reshapeLast(features, (rows) =>
    projector.reduce((input: tf.Tensor, { weight, bias }, index) => {
      const product = matMul(index === 0 ? input : relu(input), weight)
      return bias ? addBias(product, bias) : product
    }, rows),
  )
