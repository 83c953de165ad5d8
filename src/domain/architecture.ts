/** What a client may ask a network to be: a list of layers, a preset with its options, or a Keras model. */
import { type Static, Type } from 'typebox'
import { Activation } from './activation.ts'
import { LayerSpec } from './layers.ts'
import { strict } from './schema.ts'

export const PRESETS = {
  logistic: 'One linear layer.',
  mlp: 'Dense layers, each followed by dropout where asked.',
  lenet: 'Two 5x5 convolutions with max pooling, then dense layers.',
  resnet8: 'Residual network for small images (He et al. 2015, section 4.2), 1 block a stage.',
  resnet20: 'The same with 3 blocks a stage.',
  resnet32: 'The same with 5 blocks a stage.',
  resnet56: 'The same with 9 blocks a stage.',
  'wrn-16-1': 'Wide residual network (Zagoruyko & Komodakis 2016), depth 16, width 1.',
  'wrn-16-2': 'The same, depth 16, width 2.',
  'wrn-40-2': 'The same, depth 40, width 2.',
  vgg8: 'Five 3x3 convolutions with batch normalization, up to 512 filters.',
  'mobilenet-tiny': 'Depthwise separable convolutions with batch normalization, up to 256 filters.',
} as const
export type Preset = keyof typeof PRESETS

export const Architecture = Type.Object(
  {
    layers: Type.Optional(
      Type.Array(LayerSpec, {
        minItems: 1,
        maxItems: 256,
        description:
          'From input to logits; a layer that names its `inputs` makes a branch. Every layer but the last must be read by a later one. The last layer must give one logit a class, without softmax.',
      }),
    ),
    preset: Type.Optional(
      Type.Enum(Object.keys(PRESETS), {
        description: Object.entries(PRESETS)
          .map(([name, what]) => `${name}: ${what}`)
          .join(' '),
      }),
    ),
    keras: Type.Optional(
      Type.Union([Type.Object({}, { additionalProperties: true }), Type.String()], {
        description:
          'What `model.to_json()` of Keras 2 or 3 gives, as an object or as text: Sequential or Functional, one input and one output, of the layers that are listed here under their Keras names. A softmax at the end is taken off; weights, initializers and the input shape (where it holds as many numbers) are not taken from it.',
      }),
    ),
    hiddenUnits: Type.Optional(
      Type.Array(Type.Integer({ minimum: 1, maximum: 65536 }), {
        minItems: 1,
        maxItems: 32,
        description: 'Of preset mlp (default [128]) and lenet (default [84]): units a dense layer.',
      }),
    ),
    filters: Type.Optional(
      Type.Array(Type.Integer({ minimum: 1, maximum: 8192 }), {
        minItems: 2,
        maxItems: 2,
        description: 'Of preset lenet (default [16, 32]): filters of the two convolutions.',
      }),
    ),
    activation: Type.Optional(Activation),
    dropout: Type.Optional(
      Type.Number({
        minimum: 0,
        exclusiveMaximum: 1,
        description: 'Of preset mlp and lenet (default 0): rate after each hidden dense layer.',
      }),
    ),
  },
  { ...strict, description: 'Either `layers`, or `preset` with its options, or `keras`.' },
)
export type Architecture = Static<typeof Architecture>
