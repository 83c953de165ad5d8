/** Layers of a Keras topology that make of the rows what the layers after them need. */
import { MAX_EMBEDDING, MAX_TOKENS } from '../domain/input-layers.ts'
import { MAX_LAYER_ELEMENTS } from '../domain/place-network.ts'
import type { Fields } from './json-fields.ts'
import { type MappedLayer, plain } from './mapped-layer.ts'

export function embedding(fields: Fields): MappedLayer {
  // A mask would have to travel with the sequence: an average over it counts fewer steps.
  fields.only('mask_zero', [false])
  fields.only('lora_rank', [])
  fields.only('quantization_config', [])
  return plain({
    type: 'embedding',
    inputDim: fields.count('input_dim', MAX_TOKENS),
    outputDim: fields.count('output_dim', MAX_EMBEDDING),
  })
}

export function reshape(fields: Fields): MappedLayer {
  const value = fields.value('target_shape')
  // TensorFlow.js writes null for what Keras calls -1.
  const sides: unknown[] = Array.isArray(value) ? value.map((side: unknown) => side ?? -1) : []
  const isSide = (side: unknown): side is number =>
    typeof side === 'number' &&
    Number.isInteger(side) &&
    (side === -1 || (side >= 1 && side <= MAX_LAYER_ELEMENTS))
  if (!sides.every(isSide) || sides.length < 1 || sides.length > 3)
    return fields.refuse('target_shape', 'one to three whole numbers, one of which may be -1')
  return plain({ type: 'reshape', targetShape: sides })
}

export function rescaling(fields: Fields): MappedLayer {
  const read = (key: string, otherwise: number): number =>
    fields.number(
      key,
      otherwise,
      (value) => Math.abs(value) <= 1e9,
      'one number for all channels, from -1e9 to 1e9',
    )
  const scale = read('scale', Number.NaN)
  if (Number.isNaN(scale)) return fields.refuse('scale', 'a number')
  return plain({ type: 'rescaling', scale, offset: read('offset', 0) })
}
