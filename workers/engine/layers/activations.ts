/** Elementwise functions, with Keras' names; `elu` has alpha 1. */
import type { Activation } from '../../../src/domain/layers.ts'
import { relu } from '../native-ops.ts'
import { tf } from '../tensorflow.ts'

const FUNCTIONS = {
  linear: (input) => input,
  relu: (input) => relu(input),
  elu: (input) => tf.elu(input),
  tanh: (input) => tf.tanh(input),
  sigmoid: (input) => tf.sigmoid(input),
} as const satisfies Record<Activation, (input: tf.Tensor) => tf.Tensor>

export const activate = (activation: Activation, input: tf.Tensor): tf.Tensor =>
  FUNCTIONS[activation](input)
