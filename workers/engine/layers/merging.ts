/** Layers that make one tensor of several. */
import { tf } from '../tensorflow.ts'

/** Elementwise sum of tensors of one shape. */
export const add = (inputs: readonly tf.Tensor[]): tf.Tensor => tf.addN([...inputs])

/** Puts the last axes one after the other, in the given order. */
export const concatenate = (inputs: readonly tf.Tensor[]): tf.Tensor => tf.concat([...inputs], -1)
