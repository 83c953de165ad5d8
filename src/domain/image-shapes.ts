/** Sizes of images under windows, without TensorFlow. */
import { LayerMisfit } from './layer-misfit.ts'
import { type Shape, showShape } from './network.ts'

/** @throws LayerMisfit when the shape is no `[height, width, channels]` */
export function image(shape: Shape, what: string): readonly [number, number, number] {
  const [height, width, channels] = shape
  if (shape.length !== 3 || !height || !width || !channels)
    throw new LayerMisfit(
      `${what} needs an image [height, width, channels] but its input is ${showShape(shape)}`,
    )
  return [height, width, channels]
}

/** Pixels that a window gives along one axis (TensorFlow's rule). */
function alongOneAxis(
  pixels: number,
  size: number,
  stride: number,
  padding: 'valid' | 'same',
  field: string,
): number {
  if (padding === 'same') return Math.ceil(pixels / stride)
  if (size > pixels)
    throw new LayerMisfit(
      `a window of ${size} does not fit into ${pixels} with padding "valid": nothing would be left`,
      field,
    )
  return Math.floor((pixels - size) / stride) + 1
}

type Pair = readonly [number, number]

/** `[height, width]` of what windows of `size` give; `field` is where the client wrote the size. */
export const windows = (
  [height, width]: readonly [number, number, number],
  size: Pair,
  { strides, padding }: { readonly strides: Pair; readonly padding: 'valid' | 'same' },
  field: string,
): Pair => [
  alongOneAxis(height, size[0], strides[0], padding, field),
  alongOneAxis(width, size[1], strides[1], padding, field),
]
