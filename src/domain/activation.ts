/** The elementwise functions a layer may end in. */
import { Type } from 'typebox'

export const ACTIVATIONS = [
  'linear',
  'relu',
  'relu6',
  'leakyRelu',
  'elu',
  'gelu',
  'swish',
  'tanh',
  'sigmoid',
] as const
export const Activation = Type.Enum([...ACTIVATIONS], {
  description:
    'Elementwise function applied to the output of the layer. relu6: min(max(x, 0), 6). leakyRelu: x where x > 0, otherwise 0.2 x, as Keras 3 has it (PyTorch: 0.01); another slope takes an activation layer. gelu: x Φ(x) with the exact normal distribution function Φ, not the tanh approximation. swish: x sigmoid(x), also called SiLU.',
})
/** Slope of leakyRelu below 0, where none is given: Keras 3's `leaky_relu` (its LeakyReLU layer has 0.3, PyTorch 0.01). */
export const DEFAULT_NEGATIVE_SLOPE = 0.2
export type Activation = (typeof ACTIVATIONS)[number]
