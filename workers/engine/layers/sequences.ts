/** Layers on sequences `[batch, length, channels]`, computed as images of width 1. */
import type { SequenceLayer } from '../../../src/domain/network.ts'
import { imageLayer } from '../../../src/domain/sequence-as-image.ts'
import { tf } from '../tensorflow.ts'
import { onImage } from './images.ts'
import type { LayerWeights } from './layer-weights.ts'

/** Behind the first axis of a kernel `[length, in, out]`, behind the length of a batch `[batch, length, channels]`. */
const widen = (tensor: tf.Tensor, axis: number): tf.Tensor =>
  tf.reshape(tensor, [...tensor.shape.slice(0, axis), 1, ...tensor.shape.slice(axis)])

export function onSequence(
  layer: SequenceLayer,
  weights: LayerWeights,
  input: tf.Tensor,
): tf.Tensor {
  const asImage: LayerWeights = (name) => {
    const weight = weights(name)
    return weight.rank === 3 ? widen(weight, 1) : weight
  }
  const output = onImage(imageLayer(layer), asImage, widen(input, 2))
  if (output.rank !== 4) return output
  const [batch = 0, length = 0, , channels = 0] = output.shape
  return tf.reshape(output, [batch, length, channels])
}
