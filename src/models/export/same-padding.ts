/** TensorFlow's padding rule as numbers, for formats that know no `same`. */
import type { Shape } from '../../domain/network.ts'

interface Windows {
  readonly size: readonly [number, number]
  readonly strides: readonly [number, number]
  readonly padding: 'valid' | 'same'
}

/** Where the sum is odd, the larger part goes after. */
function alongOneAxis(pixels: number, size: number, stride: number): [number, number] {
  const total = Math.max((Math.ceil(pixels / stride) - 1) * stride + size - pixels, 0)
  const before = Math.floor(total / 2)
  return [before, total - before]
}

/** @param input `[height, width, channels]`
 *  @returns pixels at the `[top, left, bottom, right]` */
export function windowPads(input: Shape, { size, strides, padding }: Windows): number[] {
  if (padding === 'valid') return [0, 0, 0, 0]
  const [height = 1, width = 1] = input
  const [top, bottom] = alongOneAxis(height, size[0], strides[0])
  const [left, right] = alongOneAxis(width, size[1], strides[1])
  return [top, left, bottom, right]
}
