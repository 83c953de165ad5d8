/** Layers of a Keras topology that change the height or width of an image and have no weights. */
import { MAX_UPSAMPLING } from '../domain/image-layers.ts'
import type { Fields } from './json-fields.ts'
import { channelsLast, MAX_WINDOW, type MappedLayer, plain } from './mapped-layer.ts'

export function pooling(type: 'maxPooling2d' | 'averagePooling2d', fields: Fields): MappedLayer {
  channelsLast(fields)
  const poolSize = fields.pair('pool_size', MAX_WINDOW) ?? [2, 2]
  const strides = fields.pair('strides', MAX_WINDOW) ?? poolSize
  return plain({
    type,
    poolSize,
    strides,
    padding: fields.word('padding', ['valid', 'same'], 'valid'),
  })
}

export function globalPooling(
  type: 'globalAveragePooling2d' | 'globalMaxPooling2d',
  fields: Fields,
): MappedLayer {
  channelsLast(fields)
  fields.only('keepdims', [false])
  return plain({ type })
}

const PADDINGS = `a whole number from 0 to ${MAX_WINDOW}, two, or [[top, bottom], [left, right]]`

const isPixels = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_WINDOW

function readEdge(value: unknown): [number, number] | undefined {
  if (isPixels(value)) return [value, value]
  const [before, after]: unknown[] = Array.isArray(value) && value.length === 2 ? value : []
  return isPixels(before) && isPixels(after) ? [before, after] : undefined
}

export function zeroPadding2d(fields: Fields): MappedLayer {
  channelsLast(fields)
  const value = fields.value('padding') ?? 1
  const [first, second]: unknown[] =
    Array.isArray(value) && value.length === 2 ? value : [value, value]
  const vertical = readEdge(first)
  const horizontal = readEdge(second)
  if (!vertical || !horizontal || (Array.isArray(value) && value.length !== 2))
    return fields.refuse('padding', PADDINGS)
  return plain({ type: 'zeroPadding2d', padding: [vertical, horizontal] })
}

export function upSampling2d(fields: Fields): MappedLayer {
  channelsLast(fields)
  // Keras and TensorFlow.js place the pixels of the other kinds differently: the file would not say which is meant.
  fields.only('interpolation', ['nearest'])
  return plain({ type: 'upSampling2d', size: fields.pair('size', MAX_UPSAMPLING) ?? [2, 2] })
}
