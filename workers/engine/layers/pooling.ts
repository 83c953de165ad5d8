/** Layers that summarise windows of an image `[batch, height, width, channels]`, channel by channel. */
import type { Layer } from '../../../src/domain/network.ts'
import { tf } from '../tensorflow.ts'

type Pooling = Extract<Layer, { type: 'maxPooling2d' | 'averagePooling2d' }>

/** With padding `same`, pixels outside the image take no part: neither as maximum nor in the count of the average. */
export function pool2d(layer: Pooling, input: tf.Tensor): tf.Tensor {
  const pool = layer.type === 'maxPooling2d' ? tf.maxPool : tf.avgPool
  return pool(input as tf.Tensor4D, [...layer.poolSize], [...layer.strides], layer.padding)
}

/** `[batch, channels]`: the largest pixel. The gradient goes to that one pixel, also where several are as large. */
export function globalMaxPooling2d(input: tf.Tensor): tf.Tensor {
  const [batch = 0, height = 1, width = 1, channels = 1] = input.shape
  const largest = tf.maxPool(input as tf.Tensor4D, [height, width], 1, 'valid')
  return tf.reshape(largest, [batch, channels])
}

/** `[batch, channels]`: the mean over all pixels. */
export const globalAveragePooling2d = (input: tf.Tensor): tf.Tensor => tf.mean(input, [1, 2])
