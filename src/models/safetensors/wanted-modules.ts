/** What a weights file must hold for a network, as PyTorch stores it or as Keras and this service do. */
import {
  type Layer,
  type Network,
  type PlacedLayer,
  type Shape,
  type WeightShape,
  weightName,
} from '../../domain/network.ts'
import { ModelError } from '../model-error.ts'
import { type FeatureOrder, featureOrders, placeThere } from './feature-order.ts'

export const WEIGHT_LAYOUTS = ['channels-last', 'pytorch'] as const
/**
 * channels-last: kernels as TensorFlow and this service have them. pytorch: convolution kernels `[out, in, height, width]`,
 * dense kernels `[out, in]`, flattened images with channels first.
 */
export type WeightLayout = (typeof WEIGHT_LAYOUTS)[number]

/** From a matrix `[outputs, columns]` in the file to `[columns, outputs]` here, with the columns in another order. */
export interface Rearrangement {
  readonly outputs: number
  /** Column in the file of a row here. */
  readonly columnOf: (row: number) => number
}

/** A tensor of the network and where its numbers come from. */
export interface WantedTensor {
  /** Last parts of the name that the tensor may have in the file. */
  readonly roles: readonly string[]
  /** In the file. */
  readonly fileShape: Shape
  /** `layer.weight`. */
  readonly target: string
  readonly shape: Shape
  /** Null: the numbers come in the same order. */
  readonly rearrangement: Rearrangement | null
  /** Stands in for every number where the file leaves the tensor out; null: it must be there. */
  readonly constant: number | null
}

/** Tensors that share a module in the file, for example weight and bias. */
export interface WantedModule {
  /** Name of the layer here. */
  readonly layer: string
  readonly tensors: readonly WantedTensor[]
}

type WeightKind = WeightShape['name']

const KERAS_ROLES: Readonly<Record<WeightKind, readonly string[]>> = {
  kernel: ['kernel'],
  depthwiseKernel: ['depthwiseKernel', 'depthwise_kernel'],
  pointwiseKernel: ['pointwiseKernel', 'pointwise_kernel'],
  embeddings: ['embeddings'],
  bias: ['bias'],
  gamma: ['gamma'],
  beta: ['beta'],
  movingMean: ['movingMean', 'moving_mean'],
  movingVariance: ['movingVariance', 'moving_variance'],
}

const PYTORCH_ROLES: Readonly<Record<WeightKind, readonly string[]>> = {
  kernel: ['weight'],
  depthwiseKernel: ['weight'],
  pointwiseKernel: ['weight'],
  embeddings: ['weight'],
  bias: ['bias'],
  gamma: ['weight'],
  beta: ['bias'],
  movingMean: ['running_mean'],
  movingVariance: ['running_var'],
}

/** What a scale or an offset that was left out is. */
const NEUTRAL: ReadonlyMap<WeightKind, number> = new Map([
  ['gamma', 1],
  ['beta', 0],
])

function kerasModule({ name, layer, weights }: PlacedLayer): WantedModule {
  // Keras calls the kernel of a depthwise convolution either way.
  const rolesOf = (kind: WeightKind) =>
    kind === 'depthwiseKernel' && layer.type === 'depthwiseConv2d'
      ? [...KERAS_ROLES[kind], 'kernel']
      : KERAS_ROLES[kind]
  return {
    layer: name,
    tensors: weights.map((weight) => ({
      roles: rolesOf(weight.name),
      fileShape: weight.shape,
      target: weightName(name, weight.name),
      shape: weight.shape,
      rearrangement: null,
      constant: NEUTRAL.get(weight.name) ?? null,
    })),
  }
}

/** `[out, in / groups, height, width]` to `[height, width, in, out]`; a depthwise kernel has one input a group. */
function convolution(fileShape: Shape): Pick<WantedTensor, 'fileShape' | 'rearrangement'> {
  const [outputs = 1, inputs = 1, height = 1, width = 1] = fileShape
  const pixels = height * width
  const columnOf = (row: number) => (row % inputs) * pixels + Math.floor(row / inputs)
  return { fileShape, rearrangement: { outputs, columnOf } }
}

function pytorchKernel(
  { name, shape }: WeightShape,
  layer: Layer,
  order: FeatureOrder,
): Pick<WantedTensor, 'fileShape' | 'rearrangement'> {
  if (layer.type === 'dense') {
    const columnOf = placeThere(order) ?? ((row: number) => row)
    return { fileShape: shape.toReversed(), rearrangement: { outputs: shape[1] ?? 1, columnOf } }
  }
  if (shape.length !== 4)
    throw new ModelError(
      'layout-not-convertible',
      `a ${layer.type} layer has no known layout in PyTorch: send its weights as channels-last`,
    )
  if (name === 'depthwiseKernel') {
    const [height = 1, width = 1, channels = 1, multiplier = 1] = shape
    return convolution([channels * multiplier, 1, height, width])
  }
  const [height = 1, width = 1, inputs = 1, outputs = 1] = shape
  return convolution([outputs, inputs, height, width])
}

function pytorchTensor(layer: PlacedLayer, weight: WeightShape, order: FeatureOrder): WantedTensor {
  const common = {
    roles: PYTORCH_ROLES[weight.name],
    target: weightName(layer.name, weight.name),
    shape: weight.shape,
    constant: NEUTRAL.get(weight.name) ?? null,
  }
  switch (weight.name) {
    case 'kernel':
    case 'depthwiseKernel':
    case 'pointwiseKernel':
      return { ...common, ...pytorchKernel(weight, layer.layer, order) }
    case 'embeddings':
    case 'bias':
      return { ...common, fileShape: weight.shape, rearrangement: null }
    case 'gamma':
    case 'beta':
    case 'movingMean':
    case 'movingVariance': {
      const columnOf = placeThere(order)
      return {
        ...common,
        fileShape: weight.shape,
        rearrangement: columnOf && { outputs: 1, columnOf },
      }
    }
  }
}

/** A separable convolution is two modules there: one a channel, then 1x1. */
function pytorchModules(layer: PlacedLayer, order: FeatureOrder): WantedModule[] {
  const tensors = layer.weights.map((weight) => pytorchTensor(layer, weight, order))
  const parts =
    layer.layer.type === 'separableConv2d' ? [tensors.slice(0, 1), tensors.slice(1)] : [tensors]
  return parts.map((part) => ({ layer: layer.name, tensors: part }))
}

/**
 * In the order of the layers.
 * @throws ModelError where a layout cannot be converted
 */
export function wantedModules(network: Network, layout: WeightLayout): WantedModule[] {
  const withWeights = [...network.layers.entries()].filter(([, { weights }]) => weights.length > 0)
  switch (layout) {
    case 'channels-last':
      return withWeights.map(([, layer]) => kerasModule(layer))
    case 'pytorch': {
      const orders = featureOrders(network)
      return withWeights.flatMap(([position, layer]) =>
        pytorchModules(layer, orders[position] ?? []),
      )
    }
  }
}

/** About layers whose `epsilon` is Keras' default and not PyTorch's. */
export const epsilonNotes = (network: Network): string[] =>
  network.layers.flatMap(({ name, layer }) =>
    'epsilon' in layer && layer.epsilon === 0.001
      ? [
          `${name} has epsilon 0.001; PyTorch's default is 1e-5: write "epsilon": 1e-5 into the layer unless the teacher was made with another`,
        ]
      : [],
  )
