import type { PlacedLayer, SequenceLayer } from '../../domain/network.ts'
import { imageLayer, withWidth } from '../../domain/sequence-as-image.ts'

/** The layer that does to images of width 1 what a layer does to sequences, with its weights as they lie. */
export const placedImage = (placed: PlacedLayer, layer: SequenceLayer): PlacedLayer => ({
  ...placed,
  layer: imageLayer(layer),
  outputShape: placed.outputShape.length === 2 ? withWidth(placed.outputShape) : placed.outputShape,
  weights: placed.weights.map((weight) =>
    weight.shape.length === 3 ? { ...weight, shape: withWidth(weight.shape) } : weight,
  ),
})
