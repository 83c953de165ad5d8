/**
 * Elementwise functions, with Keras' meanings; `elu` has alpha 1. `gelu` is `x Φ(x)` with the exact normal distribution
 * function (Hendrycks & Gimpel 2016), `swish` is `x sigmoid(x)` (Ramachandran et al. 2017).
 */
import { type Activation, DEFAULT_NEGATIVE_SLOPE } from '../../../src/domain/activation.ts'
import { relu } from '../native-ops.ts'
import { tf } from '../tensorflow.ts'

const normalDistribution = (input: tf.Tensor): tf.Tensor =>
  tf.mul(0.5, tf.add(1, tf.erf(tf.mul(input, Math.SQRT1_2))))

const FUNCTIONS = {
  linear: (input) => input,
  relu: (input) => relu(input),
  relu6: (input) => tf.relu6(input),
  leakyRelu: (input, negativeSlope) => tf.leakyRelu(input, negativeSlope),
  elu: (input) => tf.elu(input),
  gelu: (input) => tf.mul(input, normalDistribution(input)),
  swish: (input) => tf.mul(input, tf.sigmoid(input)),
  tanh: (input) => tf.tanh(input),
  sigmoid: (input) => tf.sigmoid(input),
} as const satisfies Record<Activation, (input: tf.Tensor, negativeSlope: number) => tf.Tensor>

/** @param negativeSlope of leakyRelu */
export const activate = (
  activation: Activation,
  input: tf.Tensor,
  negativeSlope = DEFAULT_NEGATIVE_SLOPE,
): tf.Tensor => FUNCTIONS[activation](input, negativeSlope)
